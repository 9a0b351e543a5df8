import RepriseCore
import RepriseLogging

extension Setting {
    /// The setting of a name.
    static func named(_ name: String) -> Setting? { all.first { $0.name == name } }

    /// Every setting, in the order in which the help lists them.
    static let all: [Setting] = listening + upstreamSettings + cache + timeLimits + general

    private static let listening: [Setting] = [
        Setting(
            "listen", .listening, .address, \.listen, .value("\(ServerSettings().listen)"),
            "Where to listen: an IPv4 address, an IPv6 address in brackets or a host name, and a "
                + "port; port 0 picks a free one.", parse: ListenAddress.init(parsing:)),
        .file(
            "tls-cert", .listening, \.tlsCertificate, .words("plain HTTP"),
            "Serve HTTPS, with HTTP/2, with this PEM certificate chain. Needs --tls-key."),
        .file(
            "tls-key", .listening, \.tlsKey, .nothing, "The PEM private key of --tls-cert."),
        .count(
            "threads", \.threads, in: 1...1_024, standard: [], of: "threads",
            .words("one for each core but one"), "How many threads serve connections."),
        .count(
            "max-connections", \.maxConnections, in: 1...10_000_000, standard: ["0", "auto"],
            of: "connections", .value("auto"),
            "How many connections of clients may be open at once; auto is what the limit on open "
                + "files allows."),
    ]

    private static let upstreamSettings: [Setting] = [
        Setting(
            "default-upstream", .upstreams, .url, \.defaultUpstream,
            .value(ServerSettings().defaultUpstream.description),
            "The base URL that /proxy/... and /v1/... lead to.", parse: UpstreamNotation.url),
        Setting(
            list: "upstream", .upstreams, .namedURL, \.upstreams,
            "Send /NAME/... to this base URL. May be given again; in the environment, separate "
                + "with commas.", parse: UpstreamNotation.named),
        .wait(
            "upstream-connect-timeout", .upstreams, \.upstreamConnectTimeout,
            "How long connecting to an upstream may take."),
        .wait(
            "upstream-idle-timeout", .upstreams, \.upstreamIdleTimeout,
            "How long an upstream may stay silent within a response."),
    ]

    private static let cache: [Setting] = [
        Setting(
            name: "store", group: .cache, kind: .store,
            fallback: .words("sqlite: in the user's cache directory"),
            summary: "Where responses are kept: memory: or sqlite:PATH.", isRepeatable: false
        ) { (texts, surroundings, settings) throws(ValueFlaw) in
            settings.store = try StoreNotation.parse(
                texts.joined(separator: ","), in: surroundings)
        },
        .size(
            "max-store", \.maxStore, in: (1 << 20)...Int64.max,
            "How much a SQLite store may hold before it evicts the least recently used."),
        Setting(
            "store-timeout", .cache, .duration, \.storeTimeout,
            .words("50ms for SQLite, 100ms for Redis, 1s for others"),
            "How long a request may wait for the store before it goes on without it."
        ) { (text) throws(ValueFlaw) in
            try DurationNotation.parse(text, minimum: .milliseconds(1))
        },
        .size(
            "memory", \.memory, in: 0...Int64(Int.max),
            "How much the memory in front of the store may hold; 0 switches it off."),
        Setting(
            "memory-ttl", .cache, .duration, \.memoryTTL,
            .words("none, or 60s in front of a store that others write to as well"),
            "How long memory answers before the store is asked again, or none.",
            parse: MemoryLifetime.init(parsing:)),
        Setting(
            "ttl", .cache, .duration, \.ttl, .value("none"),
            "How long a response stays fresh when its request does not say (X-Proxy-TTL).",
            parse: DurationNotation.parseSeconds),
        .size(
            "max-entry", \.maxEntry, in: 1...longestEntry,
            "The longest response to store; longer ones stream on uncached."),
        .size(
            "max-body", \.maxBody, in: 1...longestBody,
            "The longest request that is read to be cached; a longer one gets a 413."),
        .choice(
            "on-disconnect", .cache, \.onDisconnect,
            DisconnectPolicy.allCases.map { ($0.rawValue, $0) },
            "When all clients of an upstream call have left: finish and store it, or cancel it."),
        .truth(
            "share-across-credentials", \.sharesAcrossCredentials,
            "Let a response fetched with one API key answer requests with another."),
        .truth(
            "collapse-across-servers", \.collapsesAcrossServers,
            "Make one upstream call for the same request among all servers that share the store; "
                + "needs Redis or Upstash."),
        Setting(
            list: "ignore-header", .cache, .headerName, \.ignoredHeaders,
            "Leave this request header out of the cache key. May be given again; in the "
                + "environment, separate with commas.", parse: HeaderNameNotation.ignored),
        Setting(
            list: "key-header", .cache, .headerName, \.keyHeaders,
            "Take this request header into the cache key although it is left out by default. May "
                + "be given again; in the environment, separate with commas.",
            parse: HeaderNameNotation.keyed),
    ]

    private static let timeLimits: [Setting] = [
        .wait(
            "header-timeout", .timeLimits, \.headerTimeout,
            "How long the head of a request may take to arrive."),
        .wait(
            "handshake-timeout", .timeLimits, \.handshakeTimeout,
            "How long a client's TLS handshake may take."),
        .wait(
            "client-idle-timeout", .timeLimits, \.clientIdleTimeout,
            "How long a client's connection may stay open between requests."),
        .delay(
            "drain-delay", .timeLimits, \.drainDelay,
            "How long /ready answers 503 before a stopping proxy accepts no more connections."),
        .delay(
            "shutdown-timeout", .timeLimits, \.shutdownTimeout,
            "How long requests in flight may take to end when stopping."),
    ]

    private static let general: [Setting] = [
        .file(
            configFile, .general, \.configFile, .nothing,
            "Read settings from this YAML (.yaml, .yml) or JSON (.json) file; its keys are the "
                + "names of these flags."),
        .choice(
            "log-level", .general, \.logLevel, LogLevel.allCases.map { ("\($0.name)", $0) },
            "The least important lines to log: trace, debug, info, notice, warning, error or "
                + "critical."),
        .choice(
            "log-format", .general, \.logFormat, LogFormat.allCases.map { ($0.rawValue, $0) },
            "How to write the log to standard error: text, or JSON lines."),
    ]

    /// The most that `max-entry` allows, in bytes: in base64 and with its metadata an entry must
    /// stay below the 1,000,000,000 bytes of an SQLite value (SQLITE_MAX_LENGTH).
    private static let longestEntry: Int64 = 512_000_000
    /// The most that `max-body` allows, in bytes: one buffer holds a body, and its length has 32
    /// bits.
    private static let longestBody: Int64 = 2_000_000_000
}
