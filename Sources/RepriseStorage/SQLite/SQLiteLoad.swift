internal import RepriseNetwork
internal import Synchronization

/// A look-up that a thread of a ``SQLiteStore`` does for a loop.
final class SQLiteLoad: LoopAttempt {
    /// Tells the thread that nobody waits any more.
    final class GivenUp: Sendable {
        let flag = Atomic(false)
    }

    let isGivenUp = GivenUp()
    /// nil once called or given up.
    private var completion: ((Result<[UInt8]?, StoreError>) -> Void)?

    init(_ completion: @escaping (Result<[UInt8]?, StoreError>) -> Void) {
        self.completion = completion
    }

    /// Hands over the result, on the loop.
    func finish(_ result: Result<[UInt8]?, StoreError>) {
        guard let completion else { return }
        self.completion = nil
        completion(result)
    }

    /// Gives the look-up up.
    func cancel() {
        completion = nil
        isGivenUp.flag.store(true, ordering: .relaxed)
    }
}

/// Calls back once several have come to an end.
final class Countdown: Sendable {
    private let left: Mutex<Int>
    private let completion: @Sendable () -> Void

    init(_ count: Int, _ completion: @escaping @Sendable () -> Void) {
        left = Mutex(count)
        self.completion = completion
    }

    /// Notes that one has come to its end.
    func step() {
        let isLast = left.withLock { left in
            left -= 1
            return left == 0
        }
        if isLast { completion() }
    }
}
