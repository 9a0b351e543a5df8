/// HTTP fields in the order of the wire, names as they were written.
public typealias HeaderList = [(name: String, value: String)]

/// One request as the simulated upstream received it, whole.
public struct SimulatedRequest: Sendable {
    /// The method, for example `POST`.
    public let method: String

    /// The request target as it stood on the request line, query included.
    public let target: String

    /// The fields of the request, in order, repeated ones repeated.
    public let headers: HeaderList

    /// The head's bytes as they came, the empty line behind it included; empty for a request that
    /// came by no connection.
    public let head: [UInt8]

    /// The body without its transfer coding.
    public let body: [UInt8]

    /// The connection it came by: 1 for the first that was accepted.
    public let connection: Int

    /// Its place among all requests of this upstream: 1 for the first.
    public let arrival: Int

    /// Makes a request, for scripts that are tested without a socket.
    public init(
        method: String, target: String, headers: HeaderList = [], head: [UInt8] = [],
        body: [UInt8] = [], connection: Int = 1, arrival: Int = 1
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.head = head
        self.body = body
        self.connection = connection
        self.arrival = arrival
    }

    /// The target without its query.
    public var path: String {
        String(target.prefix { $0 != "?" })
    }

    /// The query without its `?`; nil when the target has none.
    public var query: String? {
        guard let mark = target.firstIndex(of: "?") else { return nil }
        return String(target[target.index(after: mark)...])
    }

    /// The head as text; bytes that are not UTF-8 become replacement characters.
    public var headText: String {
        String(decoding: head, as: UTF8.self)
    }

    /// The body as text; bytes that are not UTF-8 become replacement characters.
    public var bodyText: String {
        String(decoding: body, as: UTF8.self)
    }

    /// The value of the first field called `name`, in any case; nil when there is none.
    public func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }
}
