/// A request as it goes to an origin.
public struct ClientRequest: Sendable {
    /// A request's body.
    public enum Body: Sendable {
        /// There is none.
        case none
        /// All of it.
        case bytes([UInt8])
        /// It is still coming, by ``ClientCall/write(_:)``; `length` is its number of bytes, nil
        /// when it is to be sent in chunks.
        case stream(length: Int64?)
    }

    /// Where it goes.
    public var origin: Origin
    /// A token other than `CONNECT`.
    public var method: [UInt8]
    /// Path and query, from `/` on.
    public var target: [UInt8]
    /// The fields, without `host` and those that frame the message, which are written here.
    public var fields: [(name: [UInt8], value: [UInt8])]
    /// The body.
    public var body: Body

    /// Makes a request.
    public init(
        origin: Origin, method: [UInt8], target: [UInt8],
        fields: [(name: [UInt8], value: [UInt8])] = [], body: Body = .none
    ) {
        self.origin = origin
        self.method = method
        self.target = target
        self.fields = fields
        self.body = body
    }
}
