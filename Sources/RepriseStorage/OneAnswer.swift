import Synchronization

/// A result that one party waits for and several may give; the first one counts.
///
/// It lets a task leave work behind that cannot be interrupted, such as a file system call that
/// hangs.
final class OneAnswer<Value: Sendable>: Sendable {
    private enum State {
        case empty
        case awaited(CheckedContinuation<Result<Value, StoreError>, Never>)
        case given(Result<Value, StoreError>)
        case taken
    }

    private let state = Mutex(State.empty)

    /// Gives an answer; ignored unless it is the first.
    func give(_ result: Result<Value, StoreError>) {
        let waiter = state.withLock {
            state -> CheckedContinuation<Result<Value, StoreError>, Never>? in
            switch state {
            case .empty:
                state = .given(result)
                return nil
            case .awaited(let waiter):
                state = .taken
                return waiter
            case .given, .taken:
                return nil
            }
        }
        waiter?.resume(returning: result)
    }

    /// Waits for the first answer. To be called once.
    func take() async throws(StoreError) -> Value {
        try await withCheckedContinuation { continuation in
            let result = state.withLock { state -> Result<Value, StoreError>? in
                guard case .given(let result) = state else {
                    state = .awaited(continuation)
                    return nil
                }
                state = .taken
                return result
            }
            if let result { continuation.resume(returning: result) }
        }.get()
    }

    /// Waits for the first answer, or until the task is cancelled. To be called once.
    ///
    /// - Throws: ``StoreError/cancelled`` as soon as the task is cancelled.
    func takeUnlessCancelled() async throws(StoreError) -> Value {
        try await withTaskCancellationHandler { () async -> Result<Value, StoreError> in
            do throws(StoreError) {
                return .success(try await take())
            } catch {
                return .failure(error)
            }
        } onCancel: {
            give(.failure(.cancelled))
        }.get()
    }
}
