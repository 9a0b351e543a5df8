import RepriseStorage

/// The notation of stores: `memory:`, `sqlite:PATH` and the URLs of others.
///
/// Of a value that is none, no more than its scheme is quoted: the rest may hold a password.
enum StoreNotation {
    /// Reads the value of `--store`.
    ///
    /// - Parameter surroundings: `HOME`, `XDG_CACHE_HOME` and the variables of the stores with a
    ///   REST API are read of its environment; its directory is what a relative path begins from.
    static func parse(
        _ text: String, in surroundings: Surroundings
    ) throws(ValueFlaw) -> StoreLocation {
        guard let colon = text.firstIndex(of: ":") else {
            throw ValueFlaw("is not a store; write \(existing)")
        }
        let scheme = text[..<colon].lowercased()
        let rest = String(text[text.index(after: colon)...])
        switch scheme {
        case "memory":
            guard rest.isEmpty else {
                throw ValueFlaw(
                    "takes nothing behind the colon; write memory:", subject: .text("memory:"))
            }
            return .memory
        case "sqlite":
            return .sqlite(path: try path(rest, surroundings))
        case "redis", "rediss", "redis-cluster", "rediss-cluster":
            do throws(InvalidRedisAddress) {
                return .redis(try RedisAddress(parsing: text))
            } catch {
                throw ValueFlaw(error.description, subject: .nothing)
            }
        case "upstash", "workers-kv":
            return try remote(scheme, rest, surroundings)
        default:
            throw ValueFlaw(
                "is not a store; write \(existing)", subject: .text("\(scheme.prefix(40)):"))
        }
    }

    /// A store with a REST API, which the environment says more of.
    private static func remote(
        _ scheme: String, _ rest: String, _ surroundings: Surroundings
    ) throws(ValueFlaw) -> StoreLocation {
        let environment = surroundings.environment
        do throws(InvalidStoreAccess) {
            return scheme == "upstash"
                ? .upstash(try UpstashAccess(parsing: rest, environment: environment))
                : .workersKV(try WorkersKVAccess(parsing: rest, environment: environment))
        } catch {
            throw ValueFlaw(error.description, subject: .nothing)
        }
    }

    /// The store that is used when none is named: a file under the user's cache directory.
    static func standard(in surroundings: Surroundings) throws(ValueFlaw) -> StoreLocation {
        .sqlite(path: try cacheDirectory(surroundings) + "/reprise/reprise.db")
    }

    private static let existing =
        "memory:, sqlite:PATH, redis://HOST, upstash: or workers-kv:ACCOUNT/NAMESPACE"

    /// The user's cache directory: `~/Library/Caches` on macOS, elsewhere `$XDG_CACHE_HOME` or
    /// `~/.cache` (XDG Base Directory Specification, where a relative path is to be ignored).
    private static func cacheDirectory(_ surroundings: Surroundings) throws(ValueFlaw) -> String {
        #if os(macOS)
            return try home(surroundings) + "/Library/Caches"
        #else
            if let path = surroundings.environment["XDG_CACHE_HOME"], path.hasPrefix("/") {
                return trimmed(path)
            }
            return try home(surroundings) + "/.cache"
        #endif
    }

    private static func path(
        _ text: String, _ surroundings: Surroundings
    ) throws(ValueFlaw) -> String {
        var path = text
        // sqlite:///var/cache is the same as sqlite:/var/cache.
        if path.hasPrefix("///") { path.removeFirst(2) }
        if path.isEmpty { return try cacheDirectory(surroundings) + "/reprise/reprise.db" }
        guard !path.hasPrefix("//") else {
            throw ValueFlaw(
                "names a host; write sqlite:/absolute/path, sqlite:relative/path or sqlite:~/path")
        }
        guard !path.hasSuffix("/"), !path.utf8.contains(0), path != "~" else {
            throw ValueFlaw("is not the path of a file; write sqlite:PATH/reprise.db")
        }
        if path.hasPrefix("~/") { return try home(surroundings) + path.dropFirst() }
        if path.hasPrefix("/") { return path }
        return trimmed(surroundings.directory) + "/" + path
    }

    private static func home(_ surroundings: Surroundings) throws(ValueFlaw) -> String {
        guard let home = surroundings.environment["HOME"], home.hasPrefix("/") else {
            throw ValueFlaw(
                "HOME is not set, so there is no cache directory; "
                    + "write --store sqlite:/absolute/path or --store memory:", subject: .nothing)
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
