internal import CLibuv

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A thread of the system.
struct SystemThread: Sendable {
    private let identity: ThreadIdentity

    /// Starts a thread, which must be joined or detached once.
    ///
    /// - Parameter name: At most 15 ASCII characters, for debuggers; more are cut off.
    /// - Throws: When the system has no thread left.
    static func start(
        named name: String, _ body: @escaping @Sendable () -> Void
    ) throws(NetworkError) -> SystemThread {
        let start = Unmanaged.passRetained(ThreadStart(name: name, body: body))
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        let status = pthread_create(&thread, nil, threadMain, start.toOpaque())
        guard status == 0 else {
            start.release()
            throw .ofSystem(status)
        }
        #if canImport(Darwin)
            guard let thread else { throw .ofSystem(EAGAIN) }
        #endif
        return SystemThread(identity: ThreadIdentity(thread: thread))
    }

    /// Waits for the thread's end.
    func join() { pthread_join(identity.thread, nil) }

    /// Lets the thread run to its end unobserved.
    func detach() { pthread_detach(identity.thread) }

    /// A number that tells the running threads apart; never 0.
    static var currentNumber: UInt {
        #if canImport(Darwin)
            UInt(bitPattern: pthread_self())
        #else
            UInt(pthread_self())
        #endif
    }
}

/// `@unchecked Sendable` because a `pthread_t` is a name that any thread may use; on Darwin it is
/// imported as a pointer.
private struct ThreadIdentity: @unchecked Sendable {
    let thread: pthread_t
}

/// What a new thread is given.
private final class ThreadStart {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

#if canImport(Darwin)
    private func threadMain(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        runThread(argument)
        return nil
    }
#else
    private func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        if let argument { runThread(argument) }
        return nil
    }
#endif

private func runThread(_ argument: UnsafeMutableRawPointer) {
    let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
    let name = String(decoding: start.name.utf8.prefix(15), as: UTF8.self)
    #if canImport(Darwin)
        pthread_setname_np(name)
    #else
        pthread_setname_np(pthread_self(), name)
    #endif
    start.body()
}
