internal import RepriseNetwork

/// Steps of one write, each a request, done one after the other until one fails.
///
/// Bound to its loop.
final class RESTSteps {
    /// A request of the write; it is told how much time is left.
    typealias Step = (_ left: Duration, _ next: @escaping (StoreError?) -> Void) -> Void

    private let loop: any EventLoop
    private let deadline: MonotonicTime
    private var steps: ArraySlice<Step>
    private let completion: (StoreError?) -> Void

    /// Makes a write that is not begun.
    ///
    /// - Parameter completion: Called once, with why a step failed.
    init(
        _ steps: [Step], within limit: Duration, on loop: any EventLoop,
        _ completion: @escaping (StoreError?) -> Void
    ) {
        self.steps = steps[...]
        self.loop = loop
        deadline = loop.now + limit
        self.completion = completion
    }

    /// Does the next step, and those behind it.
    func begin() {
        guard let step = steps.popFirst() else { return completion(nil) }
        let left = deadline - loop.now
        guard left > .zero else { return completion(.timedOut) }
        step(left) { [self] error in
            if let error { completion(error) } else { begin() }
        }
    }
}
