import RepriseCore

/// All that key material is built from, with a plain chat request to begin with.
struct KeyedRequest {
    var upstream = Array("https://api.openai.com/v1".utf8)
    var head = RequestHead(
        method: Array("POST".utf8), path: Array("/chat/completions".utf8), query: nil,
        headers: [
            HeaderField("authorization", "Bearer sk-one"),
            HeaderField("content-type", "application/json"),
        ])
    var mediaType = Array("application/json".utf8)
    var namespace: [UInt8]?
    var sharesCredentials = false
    var body = Array("{}".utf8)

    /// The key material; `body` must be canonical.
    var material: [UInt8] {
        KeyMaterial.build(
            upstream: upstream, head: head, mediaType: mediaType, namespace: namespace,
            sharesCredentials: sharesCredentials, canonicalBody: body.span)
    }

    /// The request with a change.
    func with(_ change: (inout KeyedRequest) -> Void) -> KeyedRequest {
        var request = self
        change(&request)
        return request
    }

    /// The request with header fields after those it has.
    func adding(_ fields: HeaderField...) -> KeyedRequest {
        with { $0.head.headers += fields }
    }
}

extension HeaderField {
    /// A field from text.
    init(_ name: String, _ value: String) {
        self.init(name: Array(name.utf8), value: Array(value.utf8))
    }
}
