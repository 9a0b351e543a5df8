/// The body of an error made here, in the OpenAI error shape, so that the SDKs read it.
public enum ErrorBody {
    /// Writes the JSON document.
    ///
    /// - Parameters:
    ///   - message: For people. When it is not UTF-8, each byte that is not ASCII is shown as `?`.
    ///   - code: For programs.
    public static func json(message: [UInt8], code: StaticString) -> [UInt8] {
        var json: [UInt8] = []
        json.append(literal: "{\"error\":{\"message\":")
        let text =
            UTF8Text.isValid(message.span)
            ? message : message.map { $0 < 0x80 ? $0 : UInt8(ascii: "?") }
        JSONText.appendQuoted(text.span, to: &json)
        json.append(literal: ",\"type\":\"reprise_error\",\"param\":null,\"code\":")
        JSONText.appendQuoted([UInt8](code).span, to: &json)
        json.append(literal: "}}")
        return json
    }
}
