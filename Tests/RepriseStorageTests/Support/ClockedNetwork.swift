import RepriseNetwork
import Synchronization

/// The machine's network with a time of day that a test moves on.
final class ClockedNetwork: Network {
    /// Milliseconds that have passed by the test's will.
    final class Shift: Sendable {
        let milliseconds = Atomic<Int64>(0)
    }

    private let base: SystemNetwork
    private let shift = Shift()
    let loops: [any EventLoop]

    init(_ base: SystemNetwork) {
        self.base = base
        let shift = shift
        loops = base.loops.map { ClockedLoop($0, shift) }
    }

    /// Lets time of day pass.
    func advance(by milliseconds: Int64) {
        shift.milliseconds.add(milliseconds, ordering: .relaxed)
    }

    func listen(
        on address: SocketAddress, limit: Int,
        accept: @escaping @Sendable (any ByteStream) -> Void
    ) throws(NetworkError) -> any Listener {
        try base.listen(on: address, limit: limit, accept: accept)
    }

    func makeWorker(named name: String) -> any Worker { base.makeWorker(named: name) }

    private final class ClockedLoop: EventLoop {
        private let base: any EventLoop
        private let shift: Shift
        /// The time of day stands still but for the test: what a test counts in milliseconds must
        /// not depend on the machine's speed.
        private let start: Int64

        init(_ base: any EventLoop, _ shift: Shift) {
            self.base = base
            self.shift = shift
            start = base.wallClock
        }

        var isCurrent: Bool { base.isCurrent }
        var now: MonotonicTime { base.now }
        var wallClock: Int64 { start + shift.milliseconds.load(ordering: .relaxed) }

        func schedule(after delay: Duration, _ action: @escaping () -> Void) -> any LoopTimer {
            base.schedule(after: delay, action)
        }

        func afterThisTurn(_ action: @escaping () -> Void) { base.afterThisTurn(action) }
        func post(_ action: @escaping @Sendable () -> Void) { base.post(action) }

        func resolve(
            _ host: String, port: UInt16,
            _ completion: @escaping (Result<[SocketAddress], NetworkError>) -> Void
        ) -> any LoopAttempt {
            base.resolve(host, port: port, completion)
        }

        func connect(
            to address: SocketAddress,
            _ completion: @escaping (Result<any ByteStream, NetworkError>) -> Void
        ) -> any LoopAttempt {
            base.connect(to: address, completion)
        }

        func randomNumber() -> UInt64 { base.randomNumber() }
    }
}
