/// Reads the decoded UTF-8 bytes of a JSON string one by one, without storing them.
///
/// The string must have come from ``JSONTokenizer``, which has checked it. An escape that is not
/// well formed all the same ends the string.
struct JSONStringReader {
    private var position: Int
    private let end: Int
    private var pending = JSONScan.ShortBytes()

    /// Makes a reader of the text between two quotes.
    init(_ range: Range<Int>) {
        position = range.lowerBound
        end = range.upperBound
    }

    /// Gives the next byte, nil after the last one.
    ///
    /// - Parameter bytes: The text that the range was taken from; the same in every call.
    mutating func next(_ bytes: Span<UInt8>) -> UInt8? {
        if pending.count > 0 {
            return pending.removeFirst()
        }
        guard position < end else { return nil }
        let byte = bytes[position]
        guard byte == UInt8(ascii: "\\") else {
            position += 1
            return byte
        }
        guard let scalar = JSONScan.decodeEscape(bytes, at: &position, end: end) else { return nil }
        pending = JSONScan.utf8(scalar)
        return pending.removeFirst()
    }
}
