internal import Synchronization

/// A door that a scripted response waits at until a test opens it; once open it stays open.
///
/// One gate may hold any number of responses. It makes the order of events in a test certain:
/// wait for ``waitForArrivals(_:)``, look at the state of things, then ``open()``.
public final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var callbacks: [@Sendable () -> Void] = []
    }

    /// What the gate is called in a failing test's output.
    public let name: String

    private let state = Mutex(State())
    private let arrivals = CountSignal()
    private let opening = CountSignal()

    /// Creates a closed gate.
    ///
    /// - Parameter name: For messages only; two gates of one name are two gates.
    public init(_ name: String = "gate") {
        self.name = name
    }

    /// Whether ``open()`` was called.
    public var isOpen: Bool {
        state.withLock { $0.isOpen }
    }

    /// How many responses have come to the gate so far, those that went on included.
    public var arrivalCount: Int {
        arrivals.count
    }

    /// Lets everybody through, now and later. Opening twice is opening once.
    public func open() {
        let callbacks = state.withLock { state in
            state.isOpen = true
            let callbacks = state.callbacks
            state.callbacks = []
            return callbacks
        }
        opening.increment()
        for callback in callbacks {
            callback()
        }
    }

    /// Returns when `count` responses have come to the gate, or when the task is cancelled.
    public func waitForArrivals(_ count: Int = 1) async {
        await arrivals.wait(for: count)
    }

    /// Returns when the gate is open, or when the task is cancelled.
    public func waitUntilOpen() async {
        await opening.wait(for: 1)
    }

    /// Calls `callback` once: at once when the gate is open, else from ``open()``, on its thread.
    func whenOpen(_ callback: @escaping @Sendable () -> Void) {
        let isOpen = state.withLock { state in
            if !state.isOpen {
                state.callbacks.append(callback)
            }
            return state.isOpen
        }
        arrivals.increment()
        if isOpen {
            callback()
        }
    }
}
