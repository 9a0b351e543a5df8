#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Which signals reach this process.
enum SignalMask {
    /// Lets the signals through that end the process.
    ///
    /// Who starts a process hands his mask on, and many have signals blocked on the threads of their
    /// pools; SIGTERM would be without effect then. To be called before any thread is started.
    static func letStopSignalsThrough() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }
}
