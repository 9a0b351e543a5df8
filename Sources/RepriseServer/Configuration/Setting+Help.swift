extension Setting {
    /// What the setting does, its default and its environment variable: what `--help` prints.
    public var help: String {
        let fallback = defaultText ?? defaultInWords
        let note = fallback.map { "default: \($0); " } ?? ""
        return "\(summary) (\(note)\(variable))"
    }

    private var summary: String {
        switch self {
        case .listen:
            "Where to listen: an IPv4 address, an IPv6 address in brackets or a host name, and a "
                + "port; port 0 picks a free one."
        case .tlsCertificate:
            "Serve HTTPS, with HTTP/2, with this PEM certificate chain. Needs --tls-key."
        case .tlsKey: "The PEM private key of --tls-cert."
        case .threads: "How many threads serve connections."
        case .defaultUpstream: "The base URL that /proxy/... and /v1/... lead to."
        case .upstream:
            "Send /NAME/... to this base URL. May be given again; in the environment, separate "
                + "with commas."
        case .upstreamConnectTimeout: "How long connecting to an upstream may take."
        case .upstreamIdleTimeout: "How long an upstream may stay silent within a response."
        case .store:
            "Where responses are kept: memory:, sqlite:PATH, redis://HOST, upstash: or "
                + "workers-kv:ACCOUNT/NAMESPACE."
        case .maxStore: "How much a SQLite store may hold before it evicts the least recently used."
        case .storeTimeout:
            "How long a request may wait for the store before it goes on without it."
        case .memory: "How much the memory in front of the store may hold; 0 switches it off."
        case .memoryTTL: "How long memory answers before the store is asked again."
        case .ttl:
            "How long a response stays fresh when its request does not say (X-Proxy-TTL)."
        case .maxEntry: "The longest response to store; longer ones stream on uncached."
        case .maxBody: "The longest request to accept for caching; longer ones are answered 413."
        case .shareAcrossCredentials:
            "Let a response fetched with one API key answer requests with another."
        case .collapseAcrossServers:
            "Make one upstream call for the same request among all servers that share the store; "
                + "needs Redis or Upstash."
        case .onDisconnect:
            "When all clients of an upstream call have left: finish and store it, or cancel it."
        case .headerTimeout: "How long the head of a request may take to arrive."
        case .clientIdleTimeout: "How long a client's connection may stay open between requests."
        case .drainDelay:
            "How long /ready answers 503 before a stopping proxy accepts no more connections."
        case .shutdownTimeout: "How long requests in flight may take to end when stopping."
        case .logLevel:
            "The least severe messages to log: trace, debug, info, notice, warning, error or "
                + "critical."
        case .logFormat: "How to write the log to standard error: text, or JSON lines."
        case .configFile:
            "Read settings from this YAML (.yaml, .yml) or JSON (.json) file; its keys are the "
                + "names of these flags."
        }
    }

    private var defaultInWords: String? {
        switch self {
        case .threads: "one for each core"
        case .store: "SQLite in the user's cache directory"
        case .storeTimeout: "50ms for SQLite, 100ms for Redis, 1s for Upstash and Workers KV"
        case .memoryTTL: "none, or 60s in front of a store that others write to as well"
        case .tlsCertificate: "plain HTTP"
        default: nil
        }
    }
}
