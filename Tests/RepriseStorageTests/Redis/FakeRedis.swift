import RepriseNetwork
import Synchronization
import Testing

/// A server that speaks when it is spoken to, in whatever way a test wants, on a loop of its own.
final class FakeRedis: Sendable {
    let port: Int
    private let network: SystemNetwork
    private let connections: Connections

    /// Starts a server.
    ///
    /// - Parameter answer: Tells what to send for the bytes that have arrived; nil to close.
    init(answer: @escaping @Sendable (String) -> String?) throws {
        network = SystemNetwork(loopCount: 1) { _, _ in }
        try network.start()
        let connections = Connections()
        self.connections = connections
        let address = try #require(SocketAddress("127.0.0.1:0"))
        let listener = try network.listen(on: address, limit: 1000) { stream in
            let connection = Connection(stream, answer: answer)
            stream.receiver = connection
            let bound = LoopBound(connection, on: stream.loop)
            connections.all.withLock { $0.append(bound) }
        }
        port = Int(listener.address.port)
    }

    /// Starts a server that gets over the handshake of version 3 by itself.
    ///
    /// - Parameter answer: Tells what to send for what arrives afterwards; nil to close.
    static func ready(answer: @escaping @Sendable (String) -> String?) throws -> FakeRedis {
        try FakeRedis { text in
            if text.contains("HELLO") { return "%0\r\n" }
            return text.contains("SETNAME") ? "+OK\r\n+OK\r\n" : answer(text)
        }
    }

    /// Sends a text on all connections, without being asked, before anything that is asked later is
    /// answered.
    func say(_ text: String) async {
        await withCheckedContinuation { continuation in
            network.loops[0].post { [connections] in
                for connection in connections.all.withLock({ $0 }) { connection.value.say(text) }
                continuation.resume()
            }
        }
    }

    /// Ends the server and all its connections.
    func close() { network.stop() }

    private final class Connections: Sendable {
        let all = Mutex<[LoopBound<Connection>]>([])
    }

    private final class Connection: ByteStreamReceiver {
        private let stream: any ByteStream
        private let answer: @Sendable (String) -> String?

        init(_ stream: any ByteStream, answer: @escaping @Sendable (String) -> String?) {
            self.stream = stream
            self.answer = answer
        }

        func say(_ text: String) { stream.write(keeping: Array(text.utf8)) }

        func streamReceived(_ bytes: Span<UInt8>) {
            let arrived = bytes.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
            if let text = answer(arrived) { say(text) } else { stream.close() }
        }

        func streamDrained() {}
        func streamEnded() { stream.close() }
        func streamClosed(_ reason: StreamCloseReason) {}
    }
}

/// A number that goes up, and that tests wait for instead of sleeping.
final class Signal: Sendable {
    private struct State: Sendable {
        var count = 0
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    /// How often it has been raised.
    var count: Int { state.withLock { $0.count } }

    /// Raises the number by one and wakes whoever waits for it.
    func raise() {
        let woken = state.withLock { state in
            state.count += 1
            let woken = state.waiters.filter { $0.count <= state.count }
            state.waiters.removeAll { $0.count <= state.count }
            return woken
        }
        for waiter in woken { waiter.continuation.resume() }
    }

    /// Waits until the number is at least `count`.
    func reaches(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isReached = state.withLock { state in
                guard state.count < count else { return true }
                state.waiters.append((count, continuation))
                return false
            }
            if isReached { continuation.resume() }
        }
    }
}
