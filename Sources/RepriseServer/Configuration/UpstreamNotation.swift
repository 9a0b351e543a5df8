/// The notation of upstreams: a base URL, or `NAME=URL`.
enum UpstreamNotation {
    /// Reads the base URL of an upstream.
    ///
    /// - Throws: ``ValueFlaw`` that says what is wrong with `text`.
    static func url(_ text: String) throws(ValueFlaw) -> UpstreamURL {
        do {
            return try UpstreamURL(parsing: text)
        } catch {
            throw ValueFlaw(predicate(for: error), subject: text)
        }
    }

    /// Reads upstreams with names.
    ///
    /// - Parameter texts: Each one `NAME=URL`.
    /// - Throws: ``ValueFlaw`` for the first that is none, or whose name is taken.
    static func named(_ texts: [String]) throws(ValueFlaw) -> [NamedUpstream] {
        var upstreams: [NamedUpstream] = []
        for text in texts {
            guard let equals = text.firstIndex(of: "=") else {
                throw ValueFlaw("is not NAME=URL; write \(example)", subject: text)
            }
            let name = String(text[..<equals])
            try check(name)
            if upstreams.contains(where: { $0.name == name }) {
                throw ValueFlaw("is the name of two upstreams; give each its own", subject: name)
            }
            let address = String(text[text.index(after: equals)...])
            upstreams.append(NamedUpstream(name: name, url: try url(address)))
        }
        return upstreams
    }

    private static let example = "anthropic=https://api.anthropic.com"

    /// The first segments of the paths that the proxy keeps for itself.
    private static let reserved: Set<String> = ["proxy", "v1", "health", "ready"]

    private static func check(_ name: String) throws(ValueFlaw) {
        let isWellFormed =
            name.utf8.allSatisfy { byte in
                byte.isDigit || (byte.isLetter && byte >= UInt8(ascii: "a"))
                    || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            } && !name.isEmpty && !name.hasPrefix("-") && !name.hasPrefix("_")
        guard isWellFormed else {
            throw ValueFlaw(
                "is not a name for an upstream; write lower-case letters, digits, - and _, such "
                    + "as \(example)", subject: name)
        }
        if reserved.contains(name) {
            throw ValueFlaw(
                "is a route of the proxy itself; give the upstream another name", subject: name)
        }
    }

    private static func predicate(for flaw: UpstreamURL.Flaw) -> String {
        switch flaw {
        case .malformed: "is not a URL; write one such as https://api.openai.com/v1"
        case .scheme: "is neither http nor https; write https://HOST/PATH"
        case .host: "has no valid host and port; write https://HOST/PATH or https://HOST:PORT/PATH"
        case .userInformation: "holds a user name or a password; leave it out"
        case .query: "has a query; leave it out"
        case .fragment: "has a fragment; leave it out"
        }
    }
}
