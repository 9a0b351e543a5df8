import RepriseCore

/// An upstream with a route of its own, `/<name>/...`.
struct NamedUpstream: Hashable, Sendable {
    /// The first segment of its route's path: `[a-z0-9][a-z0-9_-]*`, none of the proxy's own.
    let name: String
    /// Where its requests go.
    let url: BaseURL
}

/// The notation of upstreams: a base URL, or `NAME=URL`.
enum UpstreamNotation {
    /// Reads the base URL of an upstream.
    static func url(_ text: String) throws(ValueFlaw) -> BaseURL {
        do throws(BaseURL.Flaw) {
            return try BaseURL(parsing: Array(text.utf8))
        } catch {
            throw ValueFlaw(predicate(for: error), subject: .text(text))
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
                throw ValueFlaw("is not NAME=URL; write \(example)", subject: .text(text))
            }
            let name = String(text[..<equals])
            try check(name)
            if upstreams.contains(where: { $0.name == name }) {
                throw ValueFlaw(
                    "is the name of two upstreams; give each its own", subject: .text(name))
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
                0x30...0x39 ~= byte || 0x61...0x7A ~= byte
                    || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            } && !name.isEmpty && !name.hasPrefix("-") && !name.hasPrefix("_")
        guard isWellFormed else {
            throw ValueFlaw(
                "is not a name for an upstream; write lower-case letters, digits, - and _, such "
                    + "as \(example)", subject: .text(name))
        }
        if reserved.contains(name) {
            throw ValueFlaw(
                "is a route of the proxy itself; give the upstream another name",
                subject: .text(name))
        }
    }

    private static func predicate(for flaw: BaseURL.Flaw) -> String {
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
