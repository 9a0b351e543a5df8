/// The lines of one head, taken from bytes that come in any pieces, kept in one piece of memory.
///
/// A head that comes in one piece is copied once. Lines are handed out in their order, so that the
/// first flaw decides what a head is refused for, however it is split.
struct HeadLines: Sendable {
    /// The head so far; its field names are folded in place by who reads them.
    var bytes: [UInt8] = []
    /// Where the line begins that is not complete.
    private var lineStart = 0
    /// Bytes before this hold no line end that was not handed out.
    private var scanned = 0

    /// Whether nothing has come.
    var isEmpty: Bool { bytes.isEmpty }

    /// The next line.
    ///
    /// - Parameters:
    ///   - input: Bytes of the head, and what follows it.
    ///   - position: Where to go on in `input`; it is never moved behind the head's end.
    ///   - limit: How many bytes the head may have.
    /// - Returns: The line within ``bytes`` without its CRLF, empty for the head's end; nil when
    ///   more bytes are needed.
    mutating func next(
        _ input: Span<UInt8>, from position: inout Int, limit: Int
    ) throws(HTTP1Error) -> Range<Int>? {
        while true {
            if let end = bytes.span.firstIndex(of: UInt8(ascii: "\n"), from: scanned) {
                guard end < limit else { throw .headTooLarge }
                let start = lineStart
                lineStart = end + 1
                scanned = lineStart
                guard end > start, bytes[end - 1] == UInt8(ascii: "\r") else {
                    throw .malformed("a line does not end in CRLF")
                }
                return start..<(end - 1)
            }
            scanned = bytes.count
            guard bytes.count <= limit else { throw .headTooLarge }
            guard position < input.count else { return nil }
            take(input, from: &position, limit: limit)
        }
    }

    /// Lets the memory go, and begins again.
    mutating func takeBytes() -> [UInt8] {
        let taken = bytes
        self = HeadLines()
        return taken
    }

    /// Copies the head's bytes, as far as they have come and are not too many.
    private mutating func take(_ input: Span<UInt8>, from position: inout Int, limit: Int) {
        let end = min(headEnd(input, from: position), position + limit + 1 - bytes.count)
        bytes.append(copying: input.extracting(position..<end))
        position = end
    }

    /// The index behind the head's last byte, or that behind the input when it is not in it.
    private func headEnd(_ input: Span<UInt8>, from position: Int) -> Int {
        var start = position
        // Bytes of the line under way that came before, which hold no LF.
        var carried = bytes.count - lineStart
        var carriedReturn = carried == 1 && bytes[lineStart] == UInt8(ascii: "\r")
        while let end = input.firstIndex(of: UInt8(ascii: "\n"), from: start) {
            let count = end - start + carried
            let isReturn = carriedReturn || count == 1 && input[start] == UInt8(ascii: "\r")
            if count == 0 || count == 1 && isReturn { return end + 1 }
            start = end + 1
            carried = 0
            carriedReturn = false
        }
        return input.count
    }
}
