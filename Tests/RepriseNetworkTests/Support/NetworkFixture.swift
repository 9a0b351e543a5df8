import RepriseNetwork
import Synchronization
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A running network for a test, stopped at its end.
func withNetwork<Result>(
    loopCount: Int = 1,
    onAcceptTrouble: @escaping @Sendable (SocketAddress, NetworkError) -> Void = { _, _ in },
    _ body: (SystemNetwork) async throws -> Result
) async throws -> Result {
    let network = SystemNetwork(loopCount: loopCount, onAcceptTrouble: onAcceptTrouble)
    try network.start()
    defer { network.stop() }
    return try await body(network)
}

/// A free port of this machine.
let loopback = SocketAddress("127.0.0.1:0")

/// `loopback`, for tests that need it not to be optional.
func anyPort() throws -> SocketAddress { try #require(loopback) }

extension EventLoop {
    /// Runs something in a turn and returns what comes of it.
    func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            post { continuation.resume(returning: body()) }
        }
    }
}

/// A value that is set once and waited for.
final class Promise<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var waiters: [CheckedContinuation<Value, Never>] = []
    }

    private let state = Mutex(State())

    /// Sets the value; later ones are ignored.
    func fulfil(_ value: Value) {
        let waiters = state.withLock { state in
            guard state.value == nil else { return [CheckedContinuation<Value, Never>]() }
            state.value = value
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: value) }
    }

    /// The value, if it is set already.
    var current: Value? { state.withLock { $0.value } }

    /// The value, once it is set.
    var value: Value {
        get async {
            await withCheckedContinuation { continuation in
                let value: Value? = state.withLock { state in
                    if state.value == nil { state.waiters.append(continuation) }
                    return state.value
                }
                if let value { continuation.resume(returning: value) }
            }
        }
    }
}

/// A receiver that keeps what happens, for a test to look at from outside.
final class Recorder: ByteStreamReceiver, @unchecked Sendable {
    // `@unchecked Sendable`: `stream` and the closures are used on the loop's thread alone; the
    // rest stands behind the lock.
    struct Seen {
        var bytes: [UInt8] = []
        var count = 0
        var drained = 0
        var ended = false
        var closed: StreamCloseReason?
    }

    private struct State {
        var seen = Seen()
        var waiters: [(until: (Seen) -> Bool, continuation: CheckedContinuation<Seen, Never>)] = []
    }

    private let state = Mutex(State())
    private let keepsBytes: Bool
    let stream: any ByteStream
    var onBytes: ((Recorder, Span<UInt8>) -> Void)?
    var onDrained: ((Recorder) -> Void)?
    var onEnded: ((Recorder) -> Void)?
    var onClosed: ((Recorder, StreamCloseReason) -> Void)?

    /// Becomes the receiver of a stream, on its loop.
    init(_ stream: any ByteStream, keepsBytes: Bool = true) {
        self.stream = stream
        self.keepsBytes = keepsBytes
        stream.receiver = self
    }

    var seen: Seen { state.withLock { $0.seen } }

    /// Waits until what was seen fits.
    func wait(until fits: @escaping @Sendable (Seen) -> Bool) async -> Seen {
        await withCheckedContinuation { continuation in
            let now: Seen? = state.withLock { state in
                if fits(state.seen) { return state.seen }
                state.waiters.append((fits, continuation))
                return nil
            }
            if let now { continuation.resume(returning: now) }
        }
    }

    /// Waits for the stream's end.
    @discardableResult
    func closed() async -> StreamCloseReason? { await wait { $0.closed != nil }.closed }

    /// Runs something on the stream's loop.
    func on<Value: Sendable>(
        _ body: @escaping @Sendable (any ByteStream) -> Value
    ) async -> Value {
        await stream.loop.run { body(self.stream) }
    }

    private func note(_ change: (inout Seen) -> Void) {
        let woken = state.withLock { state in
            change(&state.seen)
            let seen = state.seen
            let woken = state.waiters.filter { $0.until(seen) }.map(\.continuation)
            state.waiters.removeAll { $0.until(seen) }
            return woken.map { ($0, seen) }
        }
        for (continuation, seen) in woken { continuation.resume(returning: seen) }
    }

    func streamReceived(_ bytes: Span<UInt8>) {
        onBytes?(self, bytes)
        let copy = keepsBytes ? bytes.withUnsafeBufferPointer { [UInt8]($0) } : []
        let count = bytes.count
        note {
            $0.bytes += copy
            $0.count += count
        }
    }

    func streamDrained() {
        onDrained?(self)
        note { $0.drained += 1 }
    }

    func streamEnded() {
        onEnded?(self)
        note { $0.ended = true }
    }

    func streamClosed(_ reason: StreamCloseReason) {
        onClosed?(self, reason)
        note { $0.closed = reason }
    }
}

extension SystemNetwork {
    /// Connects from a loop.
    func connect(
        to address: SocketAddress, on index: Int = 0, keepsBytes: Bool = true
    ) async throws -> Recorder {
        let loop = loops[index]
        let result: Result<Recorder, NetworkError> = await withCheckedContinuation { continuation in
            loop.post {
                _ = loop.connect(to: address) { result in
                    continuation.resume(
                        returning: result.map { Recorder($0, keepsBytes: keepsBytes) })
                }
            }
        }
        return try result.get()
    }

    /// A listener that makes one recorder a connection, and a connection to it.
    func pair(
        keepsBytes: Bool = true, prepare: @escaping @Sendable (Recorder) -> Void = { _ in }
    ) async throws -> (client: Recorder, server: Recorder, listener: any Listener) {
        let accepted = Promise<Recorder>()
        let listener = try listen(on: anyPort(), limit: 10) { stream in
            let recorder = Recorder(stream, keepsBytes: keepsBytes)
            prepare(recorder)
            accepted.fulfil(recorder)
        }
        let client = try await connect(to: listener.address, keepsBytes: keepsBytes)
        return (client, await accepted.value, listener)
    }
}

extension ByteStream {
    /// Writes text.
    func write(text: String) { write(keeping: Array(text.utf8)) }
}

extension Recorder.Seen {
    /// What came, as text.
    var text: String { String(decoding: bytes, as: UTF8.self) }
}
