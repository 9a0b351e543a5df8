/// Chat completions as these tests ask for them.
enum Chat {
    /// The body of a request.
    static func request(_ question: String, stream: Bool = false) -> String {
        """
        {"model":"gpt-5-mini","stream":\(stream),\
        "messages":[{"role":"user","content":"\(question)"}]}
        """
    }

    /// A complete answer.
    static func answer(_ text: String) -> String {
        """
        {"id":"chatcmpl-1","object":"chat.completion","model":"gpt-5-mini","choices":[{"index":0,\
        "message":{"role":"assistant","content":"\(text)"},"finish_reason":"stop"}]}
        """
    }

    /// The events of a complete stream.
    static func events(_ pieces: String...) -> [String] {
        let chunks = pieces.enumerated().map { place, piece in
            let reason = place == pieces.count - 1 ? "\"stop\"" : "null"
            return """
                data: {"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[{"index":0,\
                "delta":{"content":"\(piece)"},"finish_reason":\(reason)}]}\n\n
                """
        }
        return chunks + ["data: [DONE]\n\n"]
    }
}
