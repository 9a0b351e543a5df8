/// The notation of stores: `memory:`, `sqlite:PATH` and the URLs of others.
///
/// Of a value that is none, no more than its scheme is quoted: the rest may hold a password.
enum StoreNotation {
    /// Reads the value of `--store`.
    ///
    /// - Parameter surroundings: `HOME` and `XDG_CACHE_HOME` of its environment are read; its
    ///   directory is what a relative path begins from.
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
            return .redis(url: text)
        case "upstash":
            return .upstash
        case "workers-kv":
            return .workersKV(namespace: rest)
        default:
            throw ValueFlaw(
                "is not a store; write \(existing)", subject: .text("\(scheme.prefix(40)):"))
        }
    }

    /// The store that is used when none is named: a file under the user's cache directory.
    static func standard(in surroundings: Surroundings) throws(ValueFlaw) -> StoreLocation {
        .sqlite(path: try cacheDirectory(surroundings) + "/reprise/reprise.db")
    }

    private static let existing = "memory: or sqlite:PATH"

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
