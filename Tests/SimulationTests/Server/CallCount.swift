import Synchronization

/// Counts the calls of an upstream.
final class CallCount: Sendable {
    private let count = Atomic(0)

    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
}
