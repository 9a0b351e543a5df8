/// What another program says of an error, made fit for a log line.
enum PeerText {
    /// The text up to its first line break, quote, bracket or 120th byte, in printable ASCII.
    ///
    /// Servers quote the arguments of a command that they refuse, and those are stored data.
    static func line(_ text: some Sequence<UInt8>) -> String {
        var line = ""
        for byte in text.prefix(120) {
            switch byte {
            case 0x0A, 0x0D, UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"),
                UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "<"):
                return trimmed(line)
            case 0x20..<0x7F:
                line.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                line.append("?")
            }
        }
        return trimmed(line)
    }

    /// As ``line(_:)`` of the text's UTF-8 bytes.
    static func line(_ text: String) -> String { line(text.utf8) }

    private static func trimmed(_ line: String) -> String {
        var line = line
        while line.last == " " || line.last == "," || line.last == ":" { line.removeLast() }
        return line.isEmpty ? "no reason given" : line
    }
}
