import Synchronization

/// A value that several threads change.
final class Shared<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>

    /// Wraps a value.
    init(_ value: Value) { mutex = Mutex(value) }

    /// Looks at the value, or changes it, under the lock.
    func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        mutex.withLock { body(&$0) }
    }
}
