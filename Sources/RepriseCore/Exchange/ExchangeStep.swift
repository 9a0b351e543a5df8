/// What the driver of an ``Exchange`` is to do next.
public enum ExchangeStep: Equatable, Sendable {
    /// Read the request's body, at most so many bytes: then ``Exchange/bodyRead(_:)``,
    /// ``Exchange/bodyTooLong()`` or ``Exchange/bodyBroken()``.
    case readBody(limit: Int64)
    /// Hash both with SHA-256: then ``Exchange/digested(key:credentialScope:)``.
    case digest(keyMaterial: [UInt8], credentialScope: [UInt8])
    /// Look what is stored under the key: then ``Exchange/lookedUp(_:now:)``.
    case lookUp(CacheKey)
    /// Ask the upstream: then ``Exchange/fetching(isCollapsed:)`` and what comes of it.
    case fetch(Fetch)
    /// Send a whole response; it is the last thing that is sent.
    case respond(WholeResponse)
    /// Go on reading the response, and send nothing yet: it is waited for whole.
    case hold
    /// Begin the client's response with this head, then send the body's bytes as they come.
    case deliver(ResponseHead)
    /// Send this head with the whole body, which is there.
    case deliverWhole(ResponseHead)
    /// End the client's response: its body is whole.
    case finish
    /// Cut the client's response: a clean end would pass a part off as the whole.
    case cut
    /// Nothing; another event will come, or the exchange is over.
    case wait
}

/// A response whose body is known from the start.
public struct WholeResponse: Equatable, Sendable {
    /// Status and header fields, without those that frame the message.
    public var head: ResponseHead
    /// The body.
    public var body: Body

    /// Where a body is.
    public enum Body: Equatable, Sendable {
        /// Here.
        case bytes([UInt8])
        /// In the stored response that was looked up.
        case stored
    }

    /// Makes a response from its parts.
    public init(head: ResponseHead, body: Body) {
        self.head = head
        self.body = body
    }
}

/// A request to an upstream, and how its response may be shared and stored.
public struct Fetch: Equatable, Sendable {
    /// Index into ``ExchangeSettings/upstreams``.
    public var upstream: Int
    /// The method as sent.
    public var method: [UInt8]
    /// The path below the upstream's base.
    public var path: [UInt8]
    /// The query without its `?`; nil when there is none.
    public var query: [UInt8]?
    /// All header fields that the upstream is to see, but for `Host` and those that frame the body.
    public var headers: [HeaderField]
    /// Where the body is.
    public var body: Body
    /// Bytes of a body that is not read yet, where the client said so.
    public var declaredLength: Int64?
    /// How the response may be shared and stored; nil when it is for this client alone.
    public var sharing: Sharing?

    /// Where the body of a request is.
    public enum Body: Equatable, Sendable {
        /// There is none.
        case none
        /// It is the client's, not read yet.
        case unread
        /// It is what was read.
        case read
    }

    /// How a response may be shared and stored.
    public struct Sharing: Equatable, Sendable {
        /// What the response is stored under.
        public var key: CacheKey
        /// Whether a call that others began may answer this request. A client that asked for a
        /// fresh response gets one of its own.
        public var mayJoin: Bool
        /// How the response is stored; nil when this request does not let it.
        public var storing: StoringTerms?
        /// What the response is judged by.
        public var request: CacheableRequest
        /// SHA-256 of the credentials.
        public var credentialScope: [UInt8]
    }
}

/// How a request lets its response be stored.
public struct StoringTerms: Equatable, Sendable {
    /// Freshness lifetime in seconds; nil: until evicted.
    public var ttl: Int64?
    /// Labels to purge by.
    public var tags: [[UInt8]]
    /// The separate key space, if the request chose one.
    public var namespace: [UInt8]?

    /// Makes terms from their parts.
    public init(ttl: Int64? = nil, tags: [[UInt8]] = [], namespace: [UInt8]? = nil) {
        self.ttl = ttl
        self.tags = tags
        self.namespace = namespace
    }
}

/// What became of a whole response in the cache.
public enum StoringResult: Equatable, Sendable {
    /// It is stored.
    case stored
    /// No request let it be stored, or none may be.
    case notAsked
    /// It is not proven complete, too long, or not a response that may be replayed.
    case rejected(StoreRejection)
}
