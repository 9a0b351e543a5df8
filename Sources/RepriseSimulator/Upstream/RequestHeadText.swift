/// The bytes of a request's head, read once more for what a parser does not keep: how the names of
/// the fields were written.
enum RequestHeadText {
    /// The fields of a head that a parser has accepted: lines end in CRLF, and none is folded.
    static func fields(_ head: [UInt8]) -> HeaderList {
        let lines = head.split(separator: UInt8(ascii: "\n"))
        return lines.dropFirst().compactMap { line in
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
            let value = line[line.index(after: colon)...]
            return (
                String(decoding: line[..<colon], as: UTF8.self),
                String(decoding: trimmed(value), as: UTF8.self)
            )
        }
    }

    private static func trimmed(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isBlank(_ byte: UInt8) -> Bool {
            byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
        }
        guard let first = value.firstIndex(where: { !isBlank($0) }),
            let last = value.lastIndex(where: { !isBlank($0) })
        else { return [] }
        return value[first...last]
    }
}
