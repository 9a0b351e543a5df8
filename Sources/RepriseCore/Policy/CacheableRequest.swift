/// A request that may be answered from the cache and whose answer may be stored.
public struct CacheableRequest: Equatable, Sendable {
    /// The endpoint asked.
    public var endpoint: Endpoint
    /// The bytes whose SHA-256 is the cache key.
    public var keyMaterial: [UInt8]
    /// The body's `model`, decoded; nil when absent, not a string, or longer than 256 bytes.
    public var model: [UInt8]?
    /// Whether the body's `stream` is true.
    public var wantsStream: Bool
    /// Whether the client itself bounded the output's tokens, so that an answer cut there is whole.
    public var limitsOutput: Bool
    /// How many answers the body's `n` asks for; 1 when it is absent.
    public var answerCount: Int64

    /// Makes a request from its parts.
    public init(
        endpoint: Endpoint, keyMaterial: [UInt8], model: [UInt8]?, wantsStream: Bool,
        limitsOutput: Bool, answerCount: Int64 = 1
    ) {
        self.endpoint = endpoint
        self.keyMaterial = keyMaterial
        self.model = model
        self.wantsStream = wantsStream
        self.limitsOutput = limitsOutput
        self.answerCount = answerCount
    }
}
