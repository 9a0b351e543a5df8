/// Which Redis or Valkey to use and who to be there, as a `--store` URL says it.
///
/// ```
/// redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]
/// rediss://...                            the same over TLS
/// redis-cluster://[[USER]:PASSWORD@]HOST[:PORT],HOST[:PORT],...
/// rediss-cluster://...                    the same over TLS
/// ```
///
/// User and password are percent-encoded where RFC 3986 wants it, and an IPv6 address stands in
/// brackets. With TLS, `?cacert=PATH` names a PEM file of the authorities to trust instead of the
/// system's.
public struct RedisAddress: Equatable, Sendable {
    /// One server; of a cluster, those to ask first for the others.
    public internal(set) var endpoints: [RedisEndpoint]
    /// Whether keys are spread over the servers of a cluster.
    public internal(set) var isCluster: Bool
    /// Whether connections are encrypted, and the server's certificate verified.
    public internal(set) var usesTLS: Bool
    /// The PEM file of the authorities to trust; nil for the system's.
    public internal(set) var authorities: String?
    /// The ACL user; nil for the default one.
    public internal(set) var user: String?
    /// The password; nil to log in as nobody.
    public internal(set) var password: String?
    /// The number of the database; 0 in a cluster.
    public internal(set) var database: Int

    /// The port that is meant when none is named.
    public static let standardPort = 6379

    /// Makes the address of one server without a password.
    public init(host: String, port: Int = Self.standardPort) {
        endpoints = [RedisEndpoint(host: host, port: port)]
        isCluster = false
        usesTLS = false
        database = 0
    }
}

extension RedisAddress: CustomStringConvertible {
    /// The address without user and password, as a URL.
    public var description: String {
        let scheme = (usesTLS ? "rediss" : "redis") + (isCluster ? "-cluster" : "")
        let hosts = endpoints.map(\.description).joined(separator: ",")
        return "\(scheme)://\(hosts)" + (database == 0 ? "" : "/\(database)")
    }
}

extension RedisAddress: CustomDebugStringConvertible, CustomReflectable {
    /// The same as ``description``.
    public var debugDescription: String { description }

    /// Nothing, so that a dump shows no password.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why a text is not the address of a Redis.
public struct InvalidRedisAddress: Error, Equatable, Sendable, CustomStringConvertible {
    /// A sentence that says what to write, without a part of what was written but the scheme.
    public let description: String
}
