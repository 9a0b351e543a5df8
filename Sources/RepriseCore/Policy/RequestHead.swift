/// The head of a request, as the upstream is to see it.
public struct RequestHead: Equatable, Sendable {
    /// The method as sent, such as `POST`.
    public var method: [UInt8]
    /// The path below the upstream's base, with its leading `/`, byte for byte as sent.
    public var path: [UInt8]
    /// The query after the `?`, byte for byte as sent; nil when there is no `?`.
    public var query: [UInt8]?
    /// All header fields in the order they came.
    public var headers: [HeaderField]

    /// Makes a head from its parts.
    public init(method: [UInt8], path: [UInt8], query: [UInt8]?, headers: [HeaderField]) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
    }
}
