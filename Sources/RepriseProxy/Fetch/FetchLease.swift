import RepriseCore
import RepriseNetwork
import RepriseStorage

/// The right of one shared fetch to make the upstream call of its key for all servers that share the
/// store.
///
///     free ──take──▶ held ──renewed each third of its time──▶ held
///                     └──end, after the response is written──▶ free
///
/// Bound to its loop.
final class FetchLease {
    /// When a lease ends whose holder has died.
    static let duration = Duration.seconds(10)
    /// How long the lease outlasts a call whose response waits to be written.
    static let writeLimit = Duration.seconds(10)

    let key: CacheKey
    private let holder: LeaseHolder
    private let store: TieredStore
    private let loop: any EventLoop
    private var renewal: (any LoopTimer)?
    private var isOver = false

    /// Makes a lease that nobody holds yet.
    init(of key: CacheKey, store: TieredStore, on loop: any EventLoop) {
        self.key = key
        self.store = store
        self.loop = loop
        holder = LeaseHolder(on: loop)
    }

    /// Asks for the lease.
    ///
    /// - Parameter completion: Called once, perhaps before this returns.
    func take(_ completion: @escaping (TieredStore.LeaseAnswer) -> Void) {
        store.takeLease(of: key, for: holder, lasting: Self.duration, on: loop, completion)
    }

    /// Renews the lease until it is lost or ended.
    func keep() {
        renewal = loop.schedule(after: Self.duration / 3) { [self] in
            store.renewLease(of: key, for: holder, lasting: Self.duration, on: loop) { isHeld in
                if isHeld, !self.isOver { self.keep() }
            }
        }
    }

    /// Ends the lease; without effect when it is not held.
    func end() {
        isOver = true
        renewal?.cancel()
        renewal = nil
        store.endLease(of: key, for: holder, on: loop)
    }

    /// Ends the lease once the response has been written: then who waits for it finds that.
    func endWhenWritten() {
        store.whenWritten(key, within: Self.writeLimit, on: loop) { self.end() }
    }
}
