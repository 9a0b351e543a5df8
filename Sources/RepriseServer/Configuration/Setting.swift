/// One thing that `reprise serve` can be told: the same name as a flag, a variable and a file's key.
public enum Setting: String, CaseIterable, Sendable {
    case listen
    case tlsCertificate = "tls-cert"
    case tlsKey = "tls-key"
    case threads
    case defaultUpstream = "default-upstream"
    case upstream
    case upstreamConnectTimeout = "upstream-connect-timeout"
    case upstreamIdleTimeout = "upstream-idle-timeout"
    case store
    case maxStore = "max-store"
    case storeTimeout = "store-timeout"
    case memory
    case memoryTTL = "memory-ttl"
    case ttl
    case maxEntry = "max-entry"
    case maxBody = "max-body"
    case shareAcrossCredentials = "share-across-credentials"
    case collapseAcrossServers = "collapse-across-servers"
    case onDisconnect = "on-disconnect"
    case headerTimeout = "header-timeout"
    case clientIdleTimeout = "client-idle-timeout"
    case drainDelay = "drain-delay"
    case shutdownTimeout = "shutdown-timeout"
    case logLevel = "log-level"
    case logFormat = "log-format"
    case configFile = "config"

    /// The name as it stands in a file, and behind `--` on the command line.
    public var name: String { rawValue }

    /// The name as a flag, such as `--max-entry`.
    public var flag: String { "--\(name)" }

    /// The name as an environment variable, such as `REPRISE_MAX_ENTRY`.
    public var variable: String {
        Self.variablePrefix + name.uppercased().replacing("-", with: "_")
    }

    /// What every environment variable of the proxy begins with.
    static let variablePrefix = "REPRISE_"

    /// The settings that a file may hold: all but the one that names the file.
    static let inFile = allCases.filter { $0 != .configFile }

    /// What stands for the value in the help, such as `SIZE`.
    public var valueName: String {
        switch self {
        case .listen: "HOST:PORT"
        case .tlsCertificate, .tlsKey, .configFile: "FILE"
        case .threads: "COUNT"
        case .defaultUpstream, .store: "URL"
        case .upstream: "NAME=URL"
        case .maxStore, .memory, .maxEntry, .maxBody: "SIZE"
        case .upstreamConnectTimeout, .upstreamIdleTimeout, .storeTimeout, .memoryTTL, .ttl,
            .headerTimeout, .clientIdleTimeout, .drainDelay, .shutdownTimeout:
            "DURATION"
        case .shareAcrossCredentials, .collapseAcrossServers: "true|false"
        case .onDisconnect: "finish|cancel"
        case .logLevel: "LEVEL"
        case .logFormat: "text|json"
        }
    }

    /// Whether the flag stands alone, with a `--no-` form beside it.
    public var isSwitch: Bool { valueName == "true|false" }

    /// The default as one would write it; nil when leaving the setting out is not the same as any
    /// one value of it.
    public var defaultText: String? {
        switch self {
        case .listen: "127.0.0.1:8787"
        case .defaultUpstream: "https://api.openai.com/v1"
        case .upstreamConnectTimeout: "5s"
        case .upstreamIdleTimeout: "600s"
        case .maxStore: "2GB"
        case .memory: "256MB"
        case .ttl: "none"
        case .maxEntry: "8MB"
        case .maxBody: "32MB"
        case .shareAcrossCredentials, .collapseAcrossServers: "false"
        case .onDisconnect: "finish"
        case .headerTimeout: "10s"
        case .clientIdleTimeout: "75s"
        case .drainDelay: "0s"
        case .shutdownTimeout: "30s"
        case .logLevel: "info"
        case .logFormat: "text"
        case .tlsCertificate, .tlsKey, .threads, .upstream, .store, .storeTimeout, .memoryTTL,
            .configFile:
            nil
        }
    }
}
