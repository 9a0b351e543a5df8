import RepriseCore
import RepriseNetwork
import RepriseStorage
import Synchronization

/// The shared fetches under way by key: many requests, one upstream call.
///
/// After groupcache's `singleflight`, with two differences: a late request gets the response as a
/// stream from its first byte, and a fetch whose beginning is gone is replaced by a new one.
final class FetchTable: Sendable {
    private let fetches = Mutex<[CacheKey: SharedFetch]>([:])

    /// What a request gets that asks for a key.
    enum Joined {
        /// A response was stored while the request was on its way here.
        case found(StoredResponse)
        /// It reads a fetch that another request began.
        case following(FetchReader)
        /// It reads a fetch that it has to begin.
        case leading(FetchReader)
    }

    /// Joins the fetch for a key, or makes one.
    ///
    /// - Parameters:
    ///   - mayJoin: Whether a fetch that others began will do.
    ///   - recheck: Looks into memory again before a fetch is made: the one that was missed may have
    ///     ended since. Called with the lock held.
    ///   - makeFetch: Makes a fetch that has not begun.
    ///   - read: Adds the request as a reader; nil when it comes too late.
    func join(
        _ key: CacheKey, mayJoin: Bool, recheck: () -> StoredResponse?,
        makeFetch: () -> SharedFetch, read: (SharedFetch) -> FetchReader?
    ) -> Joined? {
        fetches.withLock { fetches in
            if mayJoin, let reader = fetches[key].flatMap(read) { return .following(reader) }
            if let found = recheck() { return .found(found) }
            let fetch = makeFetch()
            guard let reader = read(fetch) else { return nil }
            fetches[key] = fetch
            return .leading(reader)
        }
    }

    /// Whether a call for a key is under way.
    func isUnderWay(_ key: CacheKey) -> Bool {
        fetches.withLock { $0[key] != nil }
    }

    /// Takes a fetch out, so that later requests begin anew.
    ///
    /// What it brought is in memory before this: then a request either joins it or finds its entry.
    func remove(_ fetch: SharedFetch) {
        guard let key = fetch.key else { return }
        fetches.withLock { fetches in
            if fetches[key] === fetch { fetches[key] = nil }
        }
    }
}
