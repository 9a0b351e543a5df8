public import Logging

/// Everything that `reprise serve` can be told, checked and with its defaults.
///
/// Sizes are in bytes. ``SettingsLoader`` makes one from flags, environment and file; tests make
/// one with `init()` and change what they need.
public struct ServerSettings: Sendable, Equatable {
    /// Where the proxy listens.
    public var listen = ListenAddress(host: "127.0.0.1", port: 8787)
    /// Where `/proxy` and `/v1` lead.
    public var defaultUpstream = UpstreamURL.openAI
    /// The upstreams with routes of their own, by distinct names, in the order given.
    public var upstreams: [NamedUpstream] = []

    /// The URL of the persistent store, not yet parsed; nil stands for SQLite in the user's cache
    /// directory.
    public var store: String?
    /// How the place that ``store`` was read from is named in messages.
    public var storeLabel = Setting.store.flag
    /// How much the memory tier may hold, its own bookkeeping included; 0 switches it off.
    public var memory: Int = 256_000_000
    /// How long the memory tier answers before the persistent store is asked again.
    public var memoryTTL = MemoryLifetime.standard
    /// How long a request may wait for the persistent store; nil: as suits the kind of store.
    public var storeTimeout: Duration?
    /// Whether the servers that share the store make one upstream call between them.
    public var collapsesAcrossServers = false
    /// The freshness lifetime of a response whose request names none, in seconds, at least 1; nil:
    /// a response stays fresh until it is evicted.
    public var ttl: Int64?
    /// The longest response body that is stored; a longer one streams on uncached.
    public var maxEntry: Int = 8_000_000
    /// The longest request body that is accepted where it must be read whole; a longer one is
    /// answered 413.
    public var maxBody: Int = 32_000_000
    /// How much the persistent store may hold before it evicts.
    public var maxStore: Int64 = 2_000_000_000
    /// Whether every client sees what any client's credential has fetched.
    public var sharesAcrossCredentials = false

    /// What becomes of an upstream call whose clients have all gone.
    public var onDisconnect = DisconnectPolicy.finish
    /// How many event-loop threads serve, 1 to 1,024; nil: one for each core.
    public var threads: Int?
    /// The certificate and key to serve HTTPS with; nil: plain HTTP.
    public var tls: TLSFiles?

    /// How long the requests in flight may take to end once the proxy is told to stop.
    public var shutdownTimeout = Duration.seconds(30)
    /// How long `/ready` answers 503 before the proxy stops accepting, for load balancers to see.
    public var drainDelay = Duration.zero
    /// How long a connection to an upstream may take to make, TLS included.
    public var upstreamConnectTimeout = Duration.seconds(5)
    /// How long an upstream may send nothing while its response is awaited.
    public var upstreamIdleTimeout = Duration.seconds(600)
    /// How long a client's connection may stay open between two requests.
    public var clientIdleTimeout = Duration.seconds(75)
    /// How long a request's head may take to arrive, from its first byte.
    public var headerTimeout = Duration.seconds(10)

    /// The least severe message that is logged.
    public var logLevel = Logger.Level.info
    /// How log messages are written.
    public var logFormat = LogFormat.text
    /// The file that settings were read from, as it was named; nil: none.
    public var configFile: String?

    /// The defaults.
    public init() {}
}

/// What becomes of an upstream call whose clients have all gone.
public enum DisconnectPolicy: String, CaseIterable, Sendable {
    /// A response that may be stored has been paid for: it is read to its end and stored.
    case finish
    /// The call is given up.
    case cancel
}

/// The two PEM files that HTTPS is served with.
public struct TLSFiles: Hashable, Sendable {
    /// The path of the certificate chain, the server's own certificate first.
    public let certificate: String
    /// The path of the certificate's private key.
    public let privateKey: String

    /// The pair of files at these paths; nothing is read yet.
    public init(certificate: String, privateKey: String) {
        self.certificate = certificate
        self.privateKey = privateKey
    }
}
