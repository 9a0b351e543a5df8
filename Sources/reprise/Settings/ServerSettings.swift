import RepriseCore
import RepriseLogging

/// Everything that `reprise serve` can be told, checked; as initialised, the defaults.
///
/// Sizes are in bytes. ``SettingsLoader`` makes one from flags, environment and file; tests make
/// one with `init()` and change what they need.
struct ServerSettings: Sendable, Equatable {
    /// Where the proxy listens.
    var listen = ListenAddress(host: "127.0.0.1", port: 8787)
    /// The path of the PEM certificate chain to serve HTTPS with; nil: plain HTTP.
    var tlsCertificate: String?
    /// The path of the certificate's PEM private key; given if and only if ``tlsCertificate`` is.
    var tlsKey: String?
    /// How many event-loop threads serve, 1 to 1,024; nil: one for each core.
    var threads: Int?
    /// How many connections of clients may be open at once; nil: as many as the limit on open
    /// files allows.
    var maxConnections: Int?

    /// Where `/proxy` and `/v1` lead.
    var defaultUpstream = BaseURL.openAI
    /// The upstreams with routes of their own, by distinct names, in the order given.
    var upstreams: [NamedUpstream] = []
    /// How long a connection to an upstream may take to make, TLS included.
    var upstreamConnectTimeout = Duration.seconds(5)
    /// How long an upstream may send nothing while its response is awaited.
    var upstreamIdleTimeout = Duration.seconds(600)

    /// Where responses are kept; nil: SQLite in the user's cache directory, which is not known
    /// before ``SettingsLoader`` has looked at the environment and never nil behind it.
    var store: StoreLocation?
    /// How much the persistent store may hold before it evicts.
    var maxStore: Int64 = 2_000_000_000
    /// How long a request may wait for the persistent store; nil: as suits the kind of store.
    var storeTimeout: Duration?
    /// How much the memory tier may hold, its own bookkeeping included; 0 switches it off.
    var memory = 256_000_000
    /// How long the memory tier answers before the persistent store is asked again.
    var memoryTTL = MemoryLifetime.standard
    /// The freshness lifetime of a response whose request names none, in seconds, at least 1; nil:
    /// a response stays fresh until it is evicted.
    var ttl: Int64?
    /// The longest response body that is stored; a longer one streams on uncached.
    var maxEntry = 8_000_000
    /// The longest request body that is cached; a longer one streams through.
    var maxBody = 32_000_000
    /// Whether every client sees what any client's credential has fetched.
    var sharesAcrossCredentials = false
    /// Whether the servers that share the store make one upstream call between them.
    var collapsesAcrossServers = false
    /// What becomes of an upstream call whose clients have all gone.
    var onDisconnect = DisconnectPolicy.finish
    /// Lower-case names of headers that are left out of the key.
    var ignoredHeaders: [String] = []
    /// Lower-case names of headers that are in the key although they are left out by default.
    var keyHeaders: [String] = []

    /// How long a request's head may take to arrive, from its first byte.
    var headerTimeout = Duration.seconds(10)
    /// How long a client's TLS handshake may take.
    var handshakeTimeout = Duration.seconds(10)
    /// How long a client's connection may stay open between two requests.
    var clientIdleTimeout = Duration.seconds(21 * 60)
    /// How long `/ready` answers 503 before the proxy stops accepting, for load balancers to see.
    var drainDelay = Duration.zero
    /// How long the requests in flight may take to end once the proxy is told to stop.
    var shutdownTimeout = Duration.seconds(30)

    /// The file that settings were read from, as it was named; nil: none.
    var configFile: String?
    /// The least important lines that are logged.
    var logLevel = LogLevel.info
    /// How log lines are written.
    var logFormat = LogFormat.text
}

/// What becomes of an upstream call whose clients have all gone.
enum DisconnectPolicy: String, CaseIterable, Sendable {
    /// A response that may be stored has been paid for: it is read to its end and stored.
    case finish
    /// The call is given up.
    case cancel
}
