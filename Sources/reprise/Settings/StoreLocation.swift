import RepriseStorage

/// Which persistent store to use, as `--store` names it.
enum StoreLocation: Equatable, Sendable {
    /// Memory only.
    case memory
    /// A SQLite database at an absolute path.
    case sqlite(path: String)
    /// A Redis or Valkey server, or a cluster of them.
    case redis(RedisAddress)
    /// An Upstash Redis database, by its REST API.
    case upstash(UpstashAccess)
    /// A Cloudflare Workers KV namespace, by Cloudflare's REST API.
    case workersKV(WorkersKVAccess)

    /// The longest time that a request waits for the store by default: a local one, one in the same
    /// network, one somewhere on the Internet.
    var standardTimeout: Duration {
        switch self {
        case .memory, .sqlite: .milliseconds(50)
        case .redis: .milliseconds(100)
        case .upstash, .workersKV: .seconds(1)
        }
    }

    /// Whether others write to the store as well.
    var isShared: Bool {
        switch self {
        case .memory, .sqlite: false
        case .redis, .upstash, .workersKV: true
        }
    }

    /// Whether servers can tell each other of their upstream calls through the store.
    var hasLeases: Bool {
        switch self {
        case .memory, .sqlite, .workersKV: false
        case .redis, .upstash: true
        }
    }

    /// The store as the log may name it: without user, password and token.
    var name: String {
        switch self {
        case .memory: "memory:"
        case .sqlite(let path): "sqlite:\(path)"
        case .redis(let address): address.description
        case .upstash(let access): access.description
        case .workersKV(let access): access.description
        }
    }
}
