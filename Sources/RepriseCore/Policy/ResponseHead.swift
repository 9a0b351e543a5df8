/// The head of an upstream's response.
public struct ResponseHead: Equatable, Sendable {
    /// The status code (RFC 9110 §15).
    public var status: Int32
    /// All header fields in the order they came.
    public var headers: [HeaderField]

    /// Makes a head from its parts.
    public init(status: Int32, headers: [HeaderField]) {
        self.status = status
        self.headers = headers
    }
}
