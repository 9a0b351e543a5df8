public import NIOCore

/// What the proxy is told at start.
public struct ProxyConfiguration: Sendable {
    /// The upstreams by the index that ``RouteTable`` gives: the default one first.
    public var upstreams: [Upstream]
    /// Freshness lifetime in seconds of an entry whose request names none; nil: until evicted.
    public var defaultTTL: Int64?
    /// Bytes of the longest response that is stored or shared with late readers.
    public var maximumEntrySize: Int
    /// Bytes of the longest request body that is read into memory.
    public var maximumBodySize: Int
    /// What becomes of an upstream call when every client that waited for it has left.
    public var onDisconnect: DisconnectPolicy
    /// Whether requests with different credentials share entries.
    public var sharesCredentials: Bool
    /// Whether servers that share a store make one upstream call for a key between them, if the
    /// store can tell them of each other's.
    public var collapsesAcrossServers: Bool
    /// How long a connection to an upstream may take.
    public var connectTimeout: TimeAmount
    /// How long an upstream may send nothing.
    public var idleTimeout: TimeAmount

    /// Makes a configuration with the documented defaults.
    ///
    /// - Parameter upstreams: The default upstream first.
    public init(upstreams: [Upstream]) {
        self.upstreams = upstreams
        defaultTTL = nil
        maximumEntrySize = 8_000_000
        maximumBodySize = 32_000_000
        onDisconnect = .finish
        sharesCredentials = false
        collapsesAcrossServers = false
        connectTimeout = .seconds(5)
        idleTimeout = .seconds(600)
    }

    /// An API that requests are forwarded to.
    public struct Upstream: Sendable, Equatable {
        /// The base that paths are appended to, without a trailing slash, such as
        /// `https://api.openai.com/v1`. It is part of the cache key.
        public var baseURL: String

        /// Makes an upstream from its base URL.
        public init(baseURL: String) {
            self.baseURL = baseURL
        }
    }

    /// What becomes of an upstream call when every client that waited for it has left.
    public enum DisconnectPolicy: Sendable, Equatable {
        /// A response that can be stored is finished and stored: it is paid for.
        case finish
        /// The call is cut.
        case cancel
    }
}
