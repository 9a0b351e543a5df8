import RepriseCore
import RepriseStorage

/// The right of one flight to make the upstream call of its key for all servers that share the
/// store.
struct CallLease: Sendable {
    /// When a lease ends whose holder has died.
    static let duration = Duration.seconds(10)
    /// How long the lease outlasts a call whose response waits to be written.
    static let writeLimit = Duration.seconds(10)

    let key: CacheKey
    private let holder = LeaseHolder()
    private let store: TieredStore
    private let clock: WallClock

    /// Makes a lease that nobody holds yet.
    init(of key: CacheKey, store: TieredStore, clock: WallClock) {
        self.key = key
        self.store = store
        self.clock = clock
    }

    /// Asks for the lease.
    func take() async -> TieredStore.LeaseAnswer {
        await store.takeLease(of: key, for: holder, lasting: Self.duration)
    }

    /// Renews the lease until it is lost or the task is cancelled.
    func keep() async {
        repeat {
            do {
                try await clock.sleep(Self.duration / 3)
            } catch {
                return
            }
        } while await store.renewLease(of: key, for: holder, lasting: Self.duration)
    }

    /// Ends the lease; without effect when it is not held.
    func end() async {
        await store.endLease(of: key, for: holder)
    }
}
