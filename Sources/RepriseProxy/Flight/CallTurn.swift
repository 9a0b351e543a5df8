import RepriseCore
import RepriseStorage

/// Waits until a flight knows who brings its response: another of the servers that share the
/// store, or it itself.
///
/// The holder of a key's lease makes the call, stores the response and ends the lease, in this
/// order. So who does not get the lease asks for it again and again, and who gets it looks into
/// the store before it makes the call: the response is there, or nobody has one.
final class CallTurn: Sendable {
    /// How long a flight waits for another server, the time not counted that the store takes to
    /// answer. Then it makes a call of its own.
    static let limit = Duration.seconds(60)

    /// What a flight has to do.
    enum Decision: Sendable {
        /// Replay what another server has stored.
        case replay(CachedResponse)
        /// Make the call, and end the lease afterwards, which may be held or not.
        case call(CallLease)
    }

    private let key: CacheKey
    private let directives: Directives
    private let store: TieredStore
    private let clock: WallClock

    /// Makes what waits for one flight's turn.
    ///
    /// - Parameter directives: Say which stored response answers the request.
    init(_ key: CacheKey, _ directives: Directives, store: TieredStore, clock: WallClock) {
        self.key = key
        self.directives = directives
        self.store = store
        self.clock = clock
    }

    /// Waits for the turn of a flight, or until nobody waits for the flight any more: then it is
    /// to make a call that it cannot begin.
    func wait(_ flight: Flight) async -> Decision {
        await flight.cancellation.whileCancellable { await decide() }
    }

    private func decide() async -> Decision {
        let lease = CallLease(of: key, store: store, clock: clock)
        var random = SystemRandomNumberGenerator()
        var pace = PollingPace()
        var waited = Duration.zero
        while true {
            let answer = await lease.take()
            // Should the store have got the question all the same, the lease ends with the call.
            if case .unavailable = answer { return .call(lease) }
            switch await store.inspect(key) {
            case .found(let response) where isAnswer(response):
                if case .taken = answer { await lease.end() }
                return .replay(response)
            case .failed:
                return .call(lease)
            case .found, .nothing:
                if case .taken = answer { return .call(lease) }
            }
            guard waited < Self.limit else { return .call(lease) }
            let pause = pace.next(using: &random)
            waited += pause
            do {
                try await clock.sleep(pause)
            } catch {
                return .call(lease)
            }
        }
    }

    /// Whether a response is one that the request would have been answered with from the cache.
    private func isAnswer(_ response: CachedResponse) -> Bool {
        let verdict = Freshness.judge(
            storedAt: response.metadata.storedAt, ttl: response.metadata.ttl,
            directives: directives, now: clock.now())
        return switch verdict {
        case .fresh, .stale: true
        case .unusable: false
        }
    }
}
