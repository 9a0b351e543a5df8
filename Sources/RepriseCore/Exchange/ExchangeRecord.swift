/// What happened to one request, as far as the core knows: what the log, and all that counts
/// requests, is made from.
public struct ExchangeRecord: Equatable, Sendable {
    /// How a request ended, in one word.
    public enum Outcome: Equatable, Sendable {
        /// A stored response answered.
        case hit
        /// The upstream answered, and the response is stored.
        case stored
        /// Another request's upstream call answered.
        case collapsed
        /// The upstream answered, and nothing was stored.
        case miss
        /// The cache was not asked.
        case bypass
        /// The proxy answered with an error of its own.
        case error
        /// The proxy answered about itself, such as at `/health`.
        case own

        /// The word.
        public var token: StaticString {
            switch self {
            case .hit: "hit"
            case .stored: "stored"
            case .collapsed: "collapsed"
            case .miss: "miss"
            case .bypass: "bypass"
            case .error: "error"
            case .own: "own"
            }
        }
    }

    /// How it ended.
    public var outcome = Outcome.own
    /// Why, where there is something to say: the `detail` of `Cache-Status`, or an error's code.
    public var reason: StaticString?
    /// The status that the client got; 0 when it got none.
    public var status: Int32 = 0
    /// The key; nil while there is none.
    public var key: CacheKey?
    /// Index into ``ExchangeSettings/upstreams``; nil without a route.
    public var upstream: Int?
    /// The request's `model`.
    public var model: [UInt8]?
    /// Whether the client's response ended before it was whole.
    public var isCut = false
    /// What was wrong with the upstream, in words.
    public var failure: FetchFailure?

    /// A record of nothing.
    public init() {}

    /// Compares all parts, the reason byte for byte.
    public static func == (one: Self, other: Self) -> Bool {
        one.outcome == other.outcome && one.status == other.status && one.key == other.key
            && one.upstream == other.upstream && one.model == other.model
            && one.isCut == other.isCut && one.failure == other.failure
            && one.reason.map { [UInt8]($0) } == other.reason.map { [UInt8]($0) }
    }
}
