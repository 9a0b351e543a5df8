import RepriseSimulator

/// A chat completion as these tests ask for it, byte by byte.
struct ChatRequest {
    var question: String
    var fields = ""
    var version = "1.1"

    var body: String {
        #"{"model":"gpt-5-mini","messages":[{"role":"user","content":"\#(question)"}]}"#
    }

    var head: String {
        "POST /v1/chat/completions HTTP/\(version)\r\nHost: reprise\r\n"
            + "Content-Type: application/json\r\n\(fields)"
            + "Content-Length: \(body.utf8.count)\r\n\r\n"
    }

    /// All of it.
    var bytes: [UInt8] { Array((head + body).utf8) }

    /// All of it, cut at a place.
    func split(at place: Int) -> [[UInt8]] {
        [Array(bytes[..<place]), Array(bytes[place...])]
    }

    /// An upstream whose answers say what was asked, and how many calls there have been.
    static func echo() -> Script {
        let calls = CallCount()
        return Script { request in
            let number = calls.next()
            let question = request.bodyText.split(separator: "\"").dropLast().last ?? ""
            return .json(answer("\(question), call \(number)"))
        }
    }

    private static func answer(_ text: String) -> String {
        #"{"id":"chatcmpl-1","object":"chat.completion","model":"gpt-5-mini","choices":[{"#
            + #""index":0,"message":{"role":"assistant","content":"\#(text)"},"#
            + #""finish_reason":"stop"}]}"#
    }
}
