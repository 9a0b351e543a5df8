/// A request in the parts that its text is put together from; as it is made, a plain one.
struct RequestText: Equatable {
    /// The method.
    var method = "POST"
    /// The target.
    var target = "/v1/chat/completions"
    /// The version.
    var version = "HTTP/1.1"
    /// Names and values, without the length of the body.
    var fields = [("Host", "127.0.0.1:8787"), ("Content-Type", "application/json")]
    /// The body; nil: none, and no `Content-Length`.
    var body: String? = "{\"model\":\"m\"}"

    /// The text.
    var bytes: [UInt8] {
        var text = "\(method) \(target) \(version)\r\n"
        for (name, value) in fields { text += "\(name): \(value)\r\n" }
        if let body { text += "Content-Length: \(body.utf8.count)\r\n" }
        return Array("\(text)\r\n\(body ?? "")".utf8)
    }

    /// The same with a field added.
    func adding(_ name: String, _ value: String) -> RequestText {
        var changed = self
        changed.fields.append((name, value))
        return changed
    }

    static func == (left: RequestText, right: RequestText) -> Bool { left.bytes == right.bytes }
}

extension [UInt8] {
    /// The bytes in a form that can be read in a test's output: as in C, without line breaks.
    var literal: String {
        let pieces = map { byte in
            switch byte {
            case UInt8(ascii: "\r"): "\\r"
            case UInt8(ascii: "\n"): "\\n"
            case UInt8(ascii: "\t"): "\\t"
            case UInt8(ascii: "\""): "\\\""
            case UInt8(ascii: "\\"): "\\\\"
            case 0x20..<0x7F: String(UnicodeScalar(byte))
            default: "\\x\(byte < 16 ? "0" : "")\(String(byte, radix: 16))"
            }
        }
        return "\"" + pieces.joined() + "\""
    }
}
