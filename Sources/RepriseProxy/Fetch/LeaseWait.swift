import RepriseCore
import RepriseNetwork
import RepriseStorage

/// The wait of a shared fetch until it is known who brings its response: another of the servers that
/// share the store, or it itself.
///
///     ask for the lease ──unavailable──▶ call
///          │ taken or held
///          ▼
///     look into the store ──an answer──▶ replay    ──failed──▶ call
///          │ nothing
///          ├── the lease is taken, or the time is over ──▶ call
///          └── pause, then ask again
///
/// The holder of a key's lease makes the call, stores the response and ends the lease, in this
/// order. So who does not get the lease asks for it again and again, and who gets it looks into the
/// store before it makes the call: the response is there, or nobody has one.
///
/// Bound to its loop.
final class LeaseWait {
    /// How long a fetch waits for another server, the time not counted that the store takes to
    /// answer. Then it makes a call of its own.
    static let limit = Duration.seconds(60)

    /// What a fetch has to do.
    enum Decision {
        /// Replay what another server has stored.
        case replay(StoredResponse)
        /// Make the call, and end the lease afterwards, which may be held or not.
        case call(FetchLease)
    }

    private let lease: FetchLease
    private let store: TieredStore
    private let loop: any EventLoop
    private let accepts: (StoredResponse, Int64) -> Bool
    /// nil once decided or given up.
    private var completion: ((Decision) -> Void)?
    private var pace = PollingPace()
    private var waited = Duration.zero
    private var pause: (any LoopTimer)?
    private var inspection: (any LoopAttempt)?

    /// Makes a wait that is not begun.
    ///
    /// - Parameters:
    ///   - accepts: Whether a stored response answers the request, at a time of day.
    ///   - completion: Called once, perhaps before ``begin()`` returns, unless it is cancelled.
    init(
        for key: CacheKey, store: TieredStore, on loop: any EventLoop,
        accepts: @escaping (StoredResponse, Int64) -> Bool,
        _ completion: @escaping (Decision) -> Void
    ) {
        lease = FetchLease(of: key, store: store, on: loop)
        self.store = store
        self.loop = loop
        self.accepts = accepts
        self.completion = completion
    }

    /// Asks for the lease.
    func begin() {
        lease.take { [self] answer in
            guard completion != nil else {
                // Given up meanwhile; nobody will make the call.
                return lease.end()
            }
            // Should the store have got the question all the same, the lease ends with the call.
            if case .unavailable = answer { return decide(.call(lease)) }
            look(isTaken: answer == .taken)
        }
    }

    /// Gives the wait up.
    func cancel() {
        completion = nil
        pause?.cancel()
        pause = nil
        if let inspection {
            inspection.cancel()
            lease.end()
        }
        inspection = nil
    }

    private func look(isTaken: Bool) {
        let attempt = store.inspect(lease.key, on: loop) { [self] result in
            inspection = nil
            switch result {
            case .found(let response) where accepts(response, loop.wallClock):
                if isTaken { lease.end() }
                decide(.replay(response))
            case .failed:
                decide(.call(lease))
            case .found, .nothing:
                if isTaken || waited >= Self.limit { return decide(.call(lease)) }
                askAgain()
            }
        }
        if completion != nil, pause == nil { inspection = attempt }
    }

    private func askAgain() {
        let time = pace.next(random: loop.randomNumber())
        waited += time
        pause = loop.schedule(after: time) { [self] in
            pause = nil
            begin()
        }
    }

    private func decide(_ decision: Decision) {
        let completion = completion
        self.completion = nil
        completion?(decision)
    }
}
