internal import CLibuv

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A signal that asks the process for something.
public enum ProcessSignal: Sendable, CaseIterable {
    /// `SIGTERM`: end.
    case terminate
    /// `SIGINT`: end, from the keyboard.
    case interrupt
    /// `SIGHUP`: read the settings again.
    case hangUp

    /// The system's number.
    public var number: Int32 {
        switch self {
        case .terminate: SIGTERM
        case .interrupt: SIGINT
        case .hangUp: SIGHUP
        }
    }
}

/// Signals that are watched instead of what the system does at them.
///
/// `@unchecked Sendable` because `handles` is touched on the thread of `loop` alone.
public final class SignalWatch: @unchecked Sendable {
    private let loop: UVEventLoop
    private var handles: [SignalHandle] = []

    /// Watches signals; when the loop runs, they are watched when this returns.
    init(
        _ signals: [ProcessSignal], on loop: UVEventLoop,
        _ action: @escaping @Sendable (ProcessSignal) -> Void
    ) {
        self.loop = loop
        let isWatching = Monitor(false)
        let begin: @Sendable () -> Void = {
            for signal in signals {
                self.handles.append(SignalHandle(signal, on: loop, action))
            }
            isWatching.signal { $0 = true }
        }
        precondition(!loop.isCurrent, "signals are watched from outside the loop")
        guard loop.postIfRunning(begin) else { return }
        isWatching.wait { $0 ? .done(()) : .waitForSignal }
    }

    /// Leaves the signals to the system again.
    public func stop() {
        loop.post {
            for handle in self.handles { handle.loopEnds() }
            self.handles = []
        }
    }
}

/// One signal that libuv watches.
private final class SignalHandle: HandleOwner {
    private let handle = UnsafeMutablePointer<uv_signal_t>.allocate(capacity: 1)
    private let signal: ProcessSignal
    private let action: @Sendable (ProcessSignal) -> Void

    init(
        _ signal: ProcessSignal, on loop: UVEventLoop,
        _ action: @escaping @Sendable (ProcessSignal) -> Void
    ) {
        self.signal = signal
        self.action = action
        super.init()
        uv_signal_init(loop.raw, handle)
        handle.pointee.data = Unmanaged.passRetained(self).toOpaque()
        uv_signal_start(handle, signalCallback, signal.number)
    }

    deinit { handle.deallocate() }

    func came() { action(signal) }

    override func loopEnds() {
        guard uv_is_closing(asHandle(handle)) == 0 else { return }
        uv_close(asHandle(handle), signalClosedCallback)
    }
}

private func signalCallback(_ handle: UnsafeMutablePointer<uv_signal_t>?, _: Int32) {
    guard let data = handle?.pointee.data, let loop = loopOwner(handle?.pointee.loop) else {
        return
    }
    let owner = Unmanaged<SignalHandle>.fromOpaque(data).takeUnretainedValue()
    loop.turn { owner.came() }
}

private func signalClosedCallback(_ handle: UnsafeMutablePointer<uv_handle_t>?) {
    guard let data = handle?.pointee.data else { return }
    Unmanaged<SignalHandle>.fromOpaque(data).release()
}
