internal import CLibuv
import Synchronization

/// The machine's event loop: a thread that runs a `uv_loop_t`.
///
/// Each libuv callback enters here, does one thing, and leaves (``turn(_:)``). Leaving runs what was
/// given to ``afterThisTurn(_:)``, and then lets each stream that was written to, paused or closed
/// in this turn *settle*: one gather write, then reading on or off. Settling calls no receiver, so a
/// turn ends. What has to be told to a receiver because of it (drained, closed) is a turn of its own
/// in the next pass of the loop (``attend(to:)``).
///
/// `@unchecked Sendable` because what is not in `inbox` or atomic is touched on the loop's thread
/// alone, which debug builds check at each entry, or before that thread has been started.
final class UVEventLoop: EventLoop, @unchecked Sendable {
    /// The size of the buffer into which all streams of a loop read.
    static let readBufferSize = 64 << 10
    /// Empty output queues that are kept for reuse.
    private static let spareQueueLimit = 64

    private struct Inbox {
        var actions: [@Sendable () -> Void] = []
        /// Whether the async handle may be signalled.
        var isOpen = false
        /// Whether the loop is to end; nothing is taken any more.
        var isEnding = false
    }

    let raw: UnsafeMutablePointer<uv_loop_t>
    let readBuffer: UnsafeMutableRawBufferPointer
    let gatherList: UnsafeMutablePointer<uv_buf_t>
    let resolver: Resolver
    /// How many streams are open.
    let streamCount = Atomic<Int>(0)
    /// Timers that wait.
    var timers = TimerHeap()
    var timerSequence: UInt64 = 0
    /// What the libuv timer is set to; nil when it is not set.
    var armedDeadline: MonotonicTime?
    let timerHandle: UnsafeMutablePointer<uv_timer_t>
    /// Look-ups under way, by number.
    var lookups: [UInt64: LookupAttempt] = [:]
    var lookupSequence: UInt64 = 0
    /// Whether the loop is ending: its handles are being closed.
    private(set) var isEnding = false

    private let asyncHandle: UnsafeMutablePointer<uv_async_t>
    private let idleHandle: UnsafeMutablePointer<uv_idle_t>
    private let inbox = Monitor(Inbox())
    private let threadNumber = Atomic<UInt>(0)
    private var isInTurn = false
    private var timeOfTurn: MonotonicTime?
    private var afterTurn: [() -> Void] = []
    private var touched: [TCPStream] = []
    private var attended: [TCPStream] = []
    private var deferred: [() -> Void] = []
    private var isIdleRunning = false
    private var spareQueues: [OutputQueue] = []
    private var generator = SystemRandomNumberGenerator()

    /// Makes a loop that does not run yet.
    init(resolver: Resolver) {
        self.resolver = resolver
        raw = .allocate(capacity: 1)
        asyncHandle = .allocate(capacity: 1)
        idleHandle = .allocate(capacity: 1)
        timerHandle = .allocate(capacity: 1)
        readBuffer = .allocate(byteCount: Self.readBufferSize, alignment: 16)
        gatherList = .allocate(capacity: OutputQueue.gatherLimit)
    }

    deinit {
        raw.deallocate()
        asyncHandle.deallocate()
        idleHandle.deallocate()
        timerHandle.deallocate()
        readBuffer.deallocate()
        gatherList.deallocate()
    }

    // MARK: Life

    /// Prepares the loop; ``run()`` must follow.
    func open() throws(NetworkError) {
        let status = uv_loop_init(raw)
        guard status == 0 else { throw .ofLoop(status) }
        let made = uv_async_init(raw, asyncHandle, inboxCallback)
        guard made == 0 else {
            uv_loop_close(raw)
            throw .ofLoop(made)
        }
        uv_idle_init(raw, idleHandle)
        uv_timer_init(raw, timerHandle)
        // These belong to no ``HandleOwner``.
        for handle in [asHandle(asyncHandle), asHandle(idleHandle), asHandle(timerHandle)] {
            handle.pointee.data = nil
        }
        raw.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        inbox.withLock { inbox in
            inbox.isOpen = true
            if !inbox.actions.isEmpty || inbox.isEnding { uv_async_send(asyncHandle) }
        }
    }

    /// Runs the loop on this thread until ``end()``.
    func run() {
        threadNumber.store(SystemThread.currentNumber, ordering: .relaxed)
        uv_run(raw, UV_RUN_DEFAULT)
        let status = uv_loop_close(raw)
        precondition(status == 0, "all handles of a loop are closed when it ends")
        threadNumber.store(0, ordering: .relaxed)
    }

    /// Lets the loop end after what has been posted so far. From any thread.
    func end() {
        let dropped: [@Sendable () -> Void] = inbox.withLock { inbox in
            inbox.isEnding = true
            if inbox.isOpen {
                uv_async_send(asyncHandle)
                return []
            }
            // Never started: nobody will run these.
            defer { inbox.actions = [] }
            return inbox.actions
        }
        _ = dropped
    }

    private func closeHandles() {
        isEnding = true
        inbox.withLock { $0.isOpen = false }
        turn {
            uv_walk(raw, endCallback, nil)
            timers.removeAll()
            lookups = [:]
            attended = []
            deferred = []
        }
        uv_close(asHandle(asyncHandle), nil)
        uv_close(asHandle(idleHandle), nil)
        uv_close(asHandle(timerHandle), nil)
    }

    // MARK: Turns

    /// Runs one callback of libuv as a turn.
    @inline(__always)
    func turn(_ body: () -> Void) {
        assert(isCurrent, "libuv calls back on the loop's thread")
        assert(!isInTurn, "a turn does not begin inside another")
        isInTurn = true
        body()
        if !afterTurn.isEmpty || !touched.isEmpty { settle() }
        if let first = timers.first, first.deadline < armedDeadline ?? .distantFuture {
            armTimer(for: first.deadline)
        }
        isInTurn = false
        timeOfTurn = nil
    }

    private func settle() {
        repeat {
            var index = 0
            while index < afterTurn.count {
                let action = afterTurn[index]
                index += 1
                action()
            }
            afterTurn.removeAll(keepingCapacity: true)
            index = 0
            while index < touched.count {
                touched[index].settle()
                index += 1
            }
            touched.removeAll(keepingCapacity: true)
        } while !afterTurn.isEmpty
    }

    func afterThisTurn(_ action: @escaping () -> Void) {
        assert(isCurrent && isInTurn, "a loop is used in its own turns")
        afterTurn.append(action)
    }

    /// Lets a stream settle at the end of this turn.
    func touch(_ stream: TCPStream) {
        assert(isInTurn, "a stream is used in a turn of its loop")
        touched.append(stream)
    }

    /// Lets a stream tell its receiver something in a turn of its own.
    func attend(to stream: TCPStream) {
        guard !isEnding else { return }
        attended.append(stream)
        runIdle()
    }

    /// Runs an action in a turn of its own, soon.
    func `defer`(_ action: @escaping () -> Void) {
        guard !isEnding else { return }
        deferred.append(action)
        runIdle()
    }

    /// The idle handle keeps the loop from waiting for the network while there is something to do.
    private func runIdle() {
        guard !isIdleRunning else { return }
        isIdleRunning = true
        uv_idle_start(idleHandle, idleCallback)
    }

    fileprivate func runDeferred() {
        let streams = attended
        attended = []
        let actions = deferred
        deferred = []
        for stream in streams { turn { stream.attend() } }
        for action in actions { turn(action) }
        guard attended.isEmpty, deferred.isEmpty, !isEnding else { return }
        isIdleRunning = false
        uv_idle_stop(idleHandle)
    }

    // MARK: Other threads

    var isCurrent: Bool {
        threadNumber.load(ordering: .relaxed) == SystemThread.currentNumber
    }

    func post(_ action: @escaping @Sendable () -> Void) { postIfRunning(action) }

    /// Posts an action.
    ///
    /// - Returns: Whether it will run on a loop that runs: false before the start (it runs then),
    ///   and after the end (it is dropped).
    @discardableResult
    func postIfRunning(_ action: @escaping @Sendable () -> Void) -> Bool {
        // The signal is sent under the lock: the handle is closed only after `isOpen` is false.
        inbox.withLock { inbox in
            guard !inbox.isEnding else { return false }
            inbox.actions.append(action)
            if inbox.isOpen, inbox.actions.count == 1 { uv_async_send(asyncHandle) }
            return inbox.isOpen
        }
    }

    fileprivate func emptyInbox() {
        let (actions, ends) = inbox.withLock { inbox in
            let taken = inbox.actions
            inbox.actions = []
            return (taken, inbox.isEnding)
        }
        for action in actions { turn(action) }
        if ends, !isEnding { closeHandles() }
    }

    // MARK: Time

    var now: MonotonicTime {
        if let timeOfTurn { return timeOfTurn }
        let time = MonotonicTime.reading
        if isInTurn { timeOfTurn = time }
        return time
    }

    var thisMoment: MonotonicTime { .reading }

    var wallClock: Int64 { systemWallClock() }

    func randomNumber() -> UInt64 { generator.next() }

    // MARK: Storage

    /// An empty output queue.
    func takeQueue() -> OutputQueue { spareQueues.popLast() ?? OutputQueue() }

    /// Takes back a queue that is empty.
    func keepQueue(_ queue: OutputQueue) {
        if spareQueues.count < Self.spareQueueLimit { spareQueues.append(queue) }
    }
}

extension MonotonicTime {
    /// Later than anything.
    static var distantFuture: MonotonicTime { MonotonicTime(nanoseconds: .max) }
}

/// What owns a libuv handle: the handle's `data` points to it.
class HandleOwner {
    /// Closes the handle, because the loop ends.
    func loopEnds() {}
}

/// A handle in libuv's general form.
func asHandle<Handle>(_ handle: UnsafeMutablePointer<Handle>) -> UnsafeMutablePointer<uv_handle_t> {
    UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self)
}

/// The loop that a `uv_loop_t` belongs to.
func loopOwner(_ raw: UnsafeMutablePointer<uv_loop_t>?) -> UVEventLoop? {
    guard let data = raw?.pointee.data else { return nil }
    return Unmanaged<UVEventLoop>.fromOpaque(data).takeUnretainedValue()
}

private func inboxCallback(_ handle: UnsafeMutablePointer<uv_async_t>?) {
    loopOwner(handle?.pointee.loop)?.emptyInbox()
}

private func idleCallback(_ handle: UnsafeMutablePointer<uv_idle_t>?) {
    loopOwner(handle?.pointee.loop)?.runDeferred()
}

private func endCallback(
    _ handle: UnsafeMutablePointer<uv_handle_t>?, _: UnsafeMutableRawPointer?
) {
    guard let handle, let data = handle.pointee.data, uv_is_closing(handle) == 0 else { return }
    Unmanaged<HandleOwner>.fromOpaque(data).takeUnretainedValue().loopEnds()
}
