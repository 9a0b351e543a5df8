internal import RepriseNetwork

/// Somebody on a loop who waits for an answer, and may stop waiting.
final class AwaitedAnswer<Answer>: LoopAttempt {
    /// nil once answered or given up.
    private var completion: ((Answer) -> Void)?

    /// Makes the wait.
    init(_ completion: @escaping (Answer) -> Void) {
        self.completion = completion
    }

    /// Passes the answer on, unless nobody waits any more.
    func give(_ answer: Answer) {
        let completion = completion
        self.completion = nil
        completion?(answer)
    }

    func cancel() { completion = nil }
}
