/// What the life of every request depends on, beside the request itself.
public struct ExchangeSettings: Sendable {
    /// The base URLs by the index that ``RouteTable`` gives: the default upstream first.
    public var upstreams: [[UInt8]]
    /// The names of all but the first upstream.
    public var names: [[UInt8]]
    /// Freshness lifetime in seconds of an entry whose request names none; nil: until evicted.
    public var defaultTTL: Int64?
    /// Bytes of the longest response that is stored.
    public var maximumEntrySize: Int64
    /// Bytes of the longest request body that is read into memory.
    public var maximumBodySize: Int64
    /// What sets ``maximumBodySize``, for the error that names it.
    public var bodyLimitName: StaticString
    /// Whether requests with different credentials share entries.
    public var sharesCredentials: Bool
    /// What this server calls itself in `Via` (RFC 9110 §7.6.3): a pseudonym that no other server has,
    /// such as `reprise-5f0c2a91`. Nil: it sends none, and notices no loop.
    public var pseudonym: [UInt8]?
    /// Whether a storable response is read to its end when every client has left.
    public var finishesAlone: Bool

    /// Makes the documented defaults.
    public init(
        upstreams: [[UInt8]] = [[UInt8]("https://api.openai.com/v1")], names: [[UInt8]] = [],
        maximumEntrySize: Int64 = 8_000_000, maximumBodySize: Int64 = 32_000_000,
        bodyLimitName: StaticString = "--max-body"
    ) {
        self.upstreams = upstreams
        self.names = names
        self.defaultTTL = nil
        self.maximumEntrySize = maximumEntrySize
        self.maximumBodySize = maximumBodySize
        self.bodyLimitName = bodyLimitName
        self.sharesCredentials = false
        self.finishesAlone = true
        self.pseudonym = nil
    }
}
