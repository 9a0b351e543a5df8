/// Which persistent store to use, as `--store` names it.
public enum StoreURL: Equatable, Sendable {
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

    /// What is wrong with a `--store` value, and what to write instead.
    public struct Invalid: Error, Equatable, Sendable, CustomStringConvertible {
        /// One sentence that quotes the value without any password in it.
        public let description: String

        /// Makes an error.
        public init(description: String) {
            self.description = description
        }
    }

    private static let existing =
        "memory:, sqlite:PATH, redis://HOST, upstash: or workers-kv:ACCOUNT/NAMESPACE"

    /// Parses the value of `--store`.
    ///
    /// - Parameters:
    ///   - text: `memory:`, `sqlite:PATH`, what ``RedisAddress`` says, `upstash:` or
    ///     `workers-kv:ACCOUNT/NAMESPACE`. The path is absolute, begins with `~/`, or is relative
    ///     to `directory`; without one it is the default file.
    ///   - environment: The environment, of which `HOME` and `XDG_CACHE_HOME` are read, and what
    ///     ``UpstashAccess`` and ``WorkersKVAccess`` say.
    ///   - directory: The absolute path of the working directory.
    public init(
        parsing text: String, environment: [String: String], directory: String
    ) throws(Invalid) {
        guard let colon = text.firstIndex(of: ":") else {
            throw Invalid(
                description: "\"\(text.prefix(80))\" is not a store; write \(Self.existing)")
        }
        let scheme = text[..<colon].lowercased()
        let rest = String(text[text.index(after: colon)...])
        switch scheme {
        case "memory":
            guard rest.isEmpty else {
                throw Invalid(description: "memory: takes nothing after the colon; write memory:")
            }
            self = .memory
        case "sqlite":
            self = .sqlite(
                path: try Self.path(rest, environment: environment, directory: directory))
        case _ where RedisAddress.schemes.contains(scheme):
            self = .redis(try RedisAddress(parsing: text))
        case "upstash":
            self = .upstash(try UpstashAccess(parsing: rest, environment: environment))
        case "workers-kv":
            self = .workersKV(try WorkersKVAccess(parsing: rest, environment: environment))
        default:
            throw Invalid(
                description: "\"\(scheme.prefix(40)):\" is not a store; write \(Self.existing)")
        }
    }

    /// The store that is used when none is named: a file under the user's cache directory.
    public static func standard(environment: [String: String]) throws(Invalid) -> StoreURL {
        .sqlite(path: try cacheDirectory(environment: environment) + "/reprise/reprise.db")
    }

    /// The user's cache directory: `~/Library/Caches` on macOS, elsewhere `$XDG_CACHE_HOME` or
    /// `~/.cache` (XDG Base Directory Specification, where a relative path is to be ignored).
    public static func cacheDirectory(environment: [String: String]) throws(Invalid) -> String {
        #if os(macOS)
            return try home(environment) + "/Library/Caches"
        #else
            if let path = environment["XDG_CACHE_HOME"], path.hasPrefix("/") {
                return trimmed(path)
            }
            return try home(environment) + "/.cache"
        #endif
    }

    private static func path(
        _ text: String, environment: [String: String], directory: String
    ) throws(Invalid) -> String {
        var path = text
        // sqlite:///var/cache is the same as sqlite:/var/cache.
        if path.hasPrefix("///") { path.removeFirst(2) }
        if path.isEmpty {
            guard case .sqlite(let path) = try standard(environment: environment) else {
                return path
            }
            return path
        }
        guard !path.hasPrefix("//") else {
            throw Invalid(
                description: "sqlite:\(path.prefix(80)) names a host; write sqlite:/absolute/path, "
                    + "sqlite:relative/path or sqlite:~/path")
        }
        guard !path.hasSuffix("/"), !path.utf8.contains(0), path != "~" else {
            throw Invalid(
                description: "sqlite:\(path.prefix(80)) is not the path of a file; "
                    + "write sqlite:\(trimmed(path))/reprise.db")
        }
        if path.hasPrefix("~/") { return try home(environment) + path.dropFirst() }
        if path.hasPrefix("/") { return path }
        return trimmed(directory) + "/" + path
    }

    private static func home(_ environment: [String: String]) throws(Invalid) -> String {
        guard let home = environment["HOME"], home.hasPrefix("/") else {
            throw Invalid(
                description: "HOME is not set, so there is no cache directory; "
                    + "write --store sqlite:/absolute/path or --store memory:")
        }
        return trimmed(home)
    }

    /// A path without slashes at its end.
    private static func trimmed(_ path: String) -> String {
        var path = path
        while path.hasSuffix("/") { path.removeLast() }
        return path
    }
}
