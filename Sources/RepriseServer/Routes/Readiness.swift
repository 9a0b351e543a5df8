import Synchronization

/// Whether the server takes new work: `/ready` says so to load balancers.
public final class Readiness: Sendable {
    private let ready = Atomic(true)

    /// Makes a server that is ready.
    public init() {}

    /// Whether `/ready` answers 200.
    public var isReady: Bool { ready.load(ordering: .relaxed) }

    /// Makes `/ready` answer 503 from now on.
    public func beginDraining() {
        ready.store(false, ordering: .relaxed)
    }
}
