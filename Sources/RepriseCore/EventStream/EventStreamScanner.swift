/// Cuts an event stream into its events, however it is cut into chunks (WHATWG HTML §9.2.6).
///
/// Lines end with LF, CRLF or CR; a byte-order mark at the start and comments are passed over; an
/// event that the stream ends in the middle of is none. Unlike a browser, it also gives events that
/// have a name and no data, because `event: error` must not be missed.
public struct EventStreamScanner: Sendable {
    /// One event.
    public struct Event: Equatable, Sendable {
        /// The `event` field; empty when there is none.
        public var name: [UInt8]
        /// The `data` fields, joined by LF.
        public var data: [UInt8]
    }

    /// Bytes that one event may hold.
    public let limit: Int
    /// Whether an event was longer than the limit; the scanner then finds nothing more.
    public private(set) var isOverrun = false

    private var line: [UInt8] = []
    private var name: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var isFirstLine = true
    private var endedWithCR = false
    private var usesCRLF = false

    /// Makes a scanner that stands at the start of a stream.
    ///
    /// - Parameter limit: Bytes that one event may hold.
    public init(limit: Int = 32 << 20) {
        self.limit = limit
    }

    /// Whether the stream could end here without cutting anything off.
    ///
    /// It could not within an event, within a line other than a comment or white space, nor between
    /// the CR and the LF of a stream that ends its lines with both.
    public var isBetweenEvents: Bool {
        if hasData || !name.isEmpty || isOverrun { return false }
        if endedWithCR && usesCRLF { return false }
        return line.first == UInt8(ascii: ":") || line.allSatisfy { $0 == 0x20 || $0 == 0x09 }
    }

    /// The next event that ends in a chunk.
    ///
    /// - Parameters:
    ///   - chunk: The chunk; the same until nil is returned.
    ///   - position: Where to go on in it, at first 0; moved on.
    /// - Returns: nil when the chunk is used up.
    public mutating func next(_ chunk: Span<UInt8>, from position: inout Int) -> Event? {
        while position < chunk.count, !isOverrun {
            if endedWithCR {
                endedWithCR = false
                if chunk[position] == UInt8(ascii: "\n") {
                    usesCRLF = true
                    position += 1
                    continue
                }
            }
            let start = position
            while position < chunk.count, !Self.isLineEnd(chunk[position]) {
                position += 1
            }
            guard position - start <= limit - line.count - data.count - name.count else {
                overrun()
                return nil
            }
            line.append(copying: chunk.extracting(start..<position))
            guard position < chunk.count else { return nil }
            endedWithCR = chunk[position] == UInt8(ascii: "\r")
            position += 1
            if let event = endLine() { return event }
        }
        return nil
    }

    private static func isLineEnd(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
    }

    private mutating func overrun() {
        isOverrun = true
        line = []
        name = []
        data = []
    }

    private mutating func endLine() -> Event? {
        defer { line.removeAll(keepingCapacity: true) }
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        }
        if line.isEmpty { return dispatch() }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.count
        var value = min(colon + 1, line.count)
        if value < line.count, line[value] == UInt8(ascii: " ") { value += 1 }
        let field = Array(line[..<colon])
        if field.equals("data") {
            if hasData { data.append(UInt8(ascii: "\n")) }
            data.append(contentsOf: line[value...])
            hasData = true
            // The LF between the lines counts too, or empty ones could add up without end.
            if data.count + name.count > limit { overrun() }
        } else if field.equals("event") {
            name = Array(line[value...])
        }
        return nil
    }

    private mutating func dispatch() -> Event? {
        guard hasData || !name.isEmpty else { return nil }
        defer {
            name = []
            data = []
            hasData = false
        }
        return Event(name: name, data: data)
    }
}
