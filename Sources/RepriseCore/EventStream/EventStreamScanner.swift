/// Cuts an event stream into its events, however it is cut into chunks (WHATWG HTML §9.2.6).
///
/// Lines end with LF, CRLF or CR; a byte-order mark at the start and comments are passed over; an
/// event without data, and one that the stream ends in the middle of, are none.
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

    /// Makes a scanner that stands at the start of a stream.
    ///
    /// - Parameter limit: Bytes that one event may hold.
    public init(limit: Int = 32 << 20) {
        self.limit = limit
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
                    position += 1
                    continue
                }
            }
            let start = position
            while position < chunk.count, !Self.isLineEnd(chunk[position]) {
                position += 1
            }
            line.append(copying: chunk.extracting(start..<position))
            if line.count + data.count > limit {
                isOverrun = true
                return nil
            }
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
        } else if field.equals("event") {
            name = Array(line[value...])
        }
        return nil
    }

    private mutating func dispatch() -> Event? {
        defer {
            name = []
            data = []
            hasData = false
        }
        return hasData ? Event(name: name, data: data) : nil
    }
}
