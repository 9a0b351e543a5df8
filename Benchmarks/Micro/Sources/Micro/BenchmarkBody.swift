/// A request body as an SDK writes it.
struct BenchmarkBody {
    /// What it is called in the table.
    let name: String
    /// The JSON document.
    let bytes: [UInt8]

    /// All that are measured.
    static let all = [
        chat("1 KB chat", length: 1 << 10), chat("10 KB chat", length: 10 << 10),
        chat("100 KB chat", length: 100 << 10), tools("100 KB of tools", length: 100 << 10),
        image("1 MB inline image", length: 1 << 20),
    ]

    private static let words =
        "A cache keeps what it has been told, and \\\"tells\\\" it again to whoever asks;\\n"

    /// Turns of a conversation.
    private static func chat(_ name: String, length: Int) -> BenchmarkBody {
        var text = #"{"model":"gpt-5.1","temperature":0.2,"max_tokens":512,"messages":["#
        text += #"{"role":"system","content":"You are terse."}"#
        var turn = 0
        while text.utf8.count < length - 2 {
            let role = turn.isMultiple(of: 2) ? "user" : "assistant"
            let start = #",{"role":"\#(role)","content":""#
            let room = length - 2 - text.utf8.count - start.utf8.count - 2
            guard room > 0 else { break }
            text += start
            for _ in 0..<max(1, min(8, room / words.utf8.count)) { text += words }
            text += #""}"#
            turn += 1
        }
        return BenchmarkBody(name: name, bytes: Array((text + "]}").utf8))
    }

    /// Many small members: the most that canonicalising has to do for each byte.
    private static func tools(_ name: String, length: Int) -> BenchmarkBody {
        var text = #"{"model":"gpt-5.1","messages":[{"role":"user","content":"Go"}],"tools":["#
        var number = 0
        while text.utf8.count < length {
            if number > 0 { text += "," }
            text +=
                #"{"type":"function","function":{"name":"tool_\#(number)","description":"Looks a "#
                + #"thing up.","strict":true,"parameters":{"type":"object","properties":{"query":"#
                + #"{"type":"string","description":"What to look for"},"limit":{"type":"integer","#
                + #""minimum":1,"maximum":100},"exact":{"type":"boolean"}},"required":["query","#
                + #""limit"],"additionalProperties":false}}}"#
            number += 1
        }
        return BenchmarkBody(name: name, bytes: Array((text + "]}").utf8))
    }

    /// One long string, as `image_url` holds a picture.
    private static func image(_ name: String, length: Int) -> BenchmarkBody {
        let alphabet = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text = Array(
            (#"{"model":"gpt-5.1","messages":[{"role":"user","content":["#
                + #"{"type":"text","text":"What is this?"},"#
                + #"{"type":"image_url","image_url":{"url":"data:image/png;base64,"#).utf8)
        var random = Random(seed: 1)
        while text.count < length { text.append(alphabet[Int(random.next() & 63)]) }
        return BenchmarkBody(name: name, bytes: text + Array(#""}}]}]}"#.utf8))
    }
}
