/// A request to the simulated API with its JSON body, and what every answer to it is made of.
///
/// All of it follows from the request and its place among the requests, so the same request asked
/// again gets another id and another text, as from the real API: a replay from a cache shows.
struct Question {
    /// The request.
    let request: SimulatedRequest

    /// The body; null when it is not JSON.
    let document: JSONValue

    private let seed: UInt64

    /// Reads the request's body.
    init(_ request: SimulatedRequest) {
        self.request = request
        document = JSONValue(parsing: request.body.span) ?? .null
        // FNV-1a, 64 bits.
        seed = request.body.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    /// Whether `stream` is true.
    var wantsStream: Bool {
        document["stream"]?.isTrue ?? false
    }

    /// The model asked for: the body's `model`, or Azure's deployment in the path; nil for neither.
    var model: String? {
        if let model = document["model"]?.stringValue { return model }
        let segments = request.path.split(separator: "/")
        guard let index = segments.firstIndex(of: "deployments"), index + 1 < segments.count else {
            return nil
        }
        return String(segments[index + 1])
    }

    /// Seconds since the epoch; a made-up clock that ticks with each request.
    var created: Int {
        1_767_225_600 + request.arrival
    }

    /// An id such as `chatcmpl-` and letters, its own for each request and each prefix.
    func id(_ prefix: String, length: Int = 29) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        var generator = generator(salt: prefix)
        return prefix
            + String((0..<length).map { _ in alphabet[Int(generator.next() % 62)] })
    }

    /// An id such as `req_` and hexadecimal digits, its own for each request and each prefix.
    func hexID(_ prefix: String, length: Int = 32) -> String {
        let alphabet = Array("0123456789abcdef")
        var generator = generator(salt: prefix)
        return prefix + String((0..<length).map { _ in alphabet[Int(generator.next() % 16)] })
    }

    private func generator(salt: String) -> SplitMix64 {
        SplitMix64(
            state: salt.utf8.reduce(seed ^ UInt64(request.arrival) &* 0x9e37_79b9_7f4a_7c15) {
                ($0 ^ UInt64($1)) &* 0x100_0000_01b3
            })
    }
}

extension Question {
    /// The made-up answer in the pieces that a stream sends it in; never empty.
    var pieces: [String] {
        let quoted = String(prompt.prefix(120))
        let sentence =
            "Simulated answer \(request.arrival): you wrote “\(quoted)”, "
            + "and this upstream makes its replies up as it goes."
        return sentence.split(separator: " ").enumerated().map { index, word in
            index == 0 ? String(word) : " " + word
        }
    }

    /// The answer within the client's limit, and whether the limit cut it short.
    ///
    /// - Parameter names: The members that may hold the limit, one piece counted as one token.
    func pieces(limitedBy names: [String]) -> (pieces: [String], isCut: Bool) {
        let pieces = pieces
        let limits = names.compactMap { document[$0]?.integerValue }
        guard let limit = limits.min(), limit < pieces.count else { return (pieces, false) }
        return (Array(pieces.prefix(max(0, limit))), true)
    }

    /// What the user wrote last, in any of the APIs' forms; empty when there is no text.
    var prompt: String {
        for name in ["messages", "input", "prompt"] {
            if let value = document[name], let text = Self.lastText(value) { return text }
        }
        return ""
    }

    /// About how many tokens the request has.
    var promptTokens: Int {
        request.body.count / 4 + 1
    }

    private static func lastText(_ value: JSONValue) -> String? {
        if let text = value.stringValue ?? value["text"]?.stringValue { return text }
        if let content = value["content"] { return lastText(content) }
        for element in (value.elements ?? []).reversed() {
            if let text = lastText(element) { return text }
        }
        return nil
    }
}

/// The generator of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
struct SplitMix64 {
    /// Where the sequence stands.
    var state: UInt64

    /// The next number.
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
