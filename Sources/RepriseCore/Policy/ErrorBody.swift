/// The body of an error made here, in the OpenAI error shape, so that the SDKs read it.
public enum ErrorBody {
    /// Writes the JSON document.
    ///
    /// - Parameters:
    ///   - message: For people: valid UTF-8.
    ///   - code: For programs.
    public static func json(message: [UInt8], code: StaticString) -> [UInt8] {
        var json: [UInt8] = []
        json.append(literal: "{\"error\":{\"message\":")
        JSONText.appendQuoted(message.span, to: &json)
        json.append(literal: ",\"type\":\"reprise_error\",\"param\":null,\"code\":")
        JSONText.appendQuoted([UInt8](code).span, to: &json)
        json.append(literal: "}}")
        return json
    }
}
