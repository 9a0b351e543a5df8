#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A value behind a lock, with a condition to wait for.
///
/// `Synchronization.Mutex` has no condition, and ThreadSanitizer does not see through it; this is a
/// `pthread_mutex_t` and a `pthread_cond_t` on the monotonic clock.
///
/// `@unchecked Sendable` because `state` is touched between lock and unlock alone, and what the
/// pointers point to is made for use by many threads.
final class Monitor<State>: @unchecked Sendable {
    /// What a look at the state leads to.
    enum Outcome<Result> {
        /// The waiting is over.
        case done(Result)
        /// Look again after a signal.
        case waitForSignal
        /// Look again after a signal, or at this time.
        case waitUntil(MonotonicTime)
    }

    private var state: State
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    /// Wraps a value.
    init(_ state: sending State) {
        self.state = state
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        #if canImport(Darwin)
            pthread_cond_init(condition, nil)
        #else
            var attributes = pthread_condattr_t()
            pthread_condattr_init(&attributes)
            pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
            pthread_cond_init(condition, &attributes)
            pthread_condattr_destroy(&attributes)
        #endif
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Looks at the value, or changes it, under the lock.
    func withLock<Result>(_ body: (inout State) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(&state)
    }

    /// Changes the value under the lock, then wakes who waits.
    func signal<Result>(_ body: (inout State) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        let result = body(&state)
        pthread_cond_broadcast(condition)
        return result
    }

    /// Blocks the thread until a look at the value says that the waiting is over.
    ///
    /// - Parameters:
    ///   - body: The look, again after each wait.
    ///   - afterWaiting: Undoes after each wait what a look has noted for its time.
    func wait<Result>(
        _ body: (inout State) -> Outcome<Result>, afterWaiting: (inout State) -> Void = { _ in }
    ) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            switch body(&state) {
            case .done(let result): return result
            case .waitForSignal: pthread_cond_wait(condition, mutex)
            case .waitUntil(let time): wait(until: time)
            }
            afterWaiting(&state)
        }
    }

    private func wait(until time: MonotonicTime) {
        #if canImport(Darwin)
            let left = max(0, time.nanoseconds - MonotonicTime.reading.nanoseconds)
            var limit = timespec(
                tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
            pthread_cond_timedwait_relative_np(condition, mutex, &limit)
        #else
            let moment = max(0, time.nanoseconds)
            var limit = timespec(
                tv_sec: Int(moment / 1_000_000_000), tv_nsec: Int(moment % 1_000_000_000))
            pthread_cond_timedwait(condition, mutex, &limit)
        #endif
    }
}
