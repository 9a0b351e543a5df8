internal import RepriseNetwork

/// An answer that is known at once, and given in a later turn of the loop.
final class LaterAttempt: LoopAttempt {
    private var timer: (any LoopTimer)?

    /// Makes an attempt whose action runs in the next turn, unless it is cancelled.
    init(on loop: any EventLoop, _ action: @escaping () -> Void) {
        timer = loop.schedule(after: .zero, action)
    }

    func cancel() {
        timer?.cancel()
        timer = nil
    }
}
