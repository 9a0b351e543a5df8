import RepriseNetwork
import Synchronization
import Testing

/// A client that sends and sees plain bytes, so that a test can say what stands on the wire.
enum RawClient {
    /// How a connection came to its end.
    enum Ending: Equatable {
        case closed
        case reset
    }

    /// The loop of all clients; it runs as long as the tests.
    private static let network: SystemNetwork? = {
        let network = SystemNetwork(loopCount: 1)
        // What is wrong shows when a test requires it.
        do { try network.start() } catch { return nil }
        return network
    }()

    /// A connection that a test drives step by step. It reads only when it is asked to.
    struct Connection {
        fileprivate let wire: Wire

        /// What was read so far, as text.
        var text: String { String(decoding: received, as: UTF8.self) }

        private var received: [UInt8] = []

        fileprivate init(_ wire: Wire) {
            self.wire = wire
        }

        func send(_ text: String) async {
            await wire.send(Array(text.utf8))
        }

        /// Reads until the bytes end so, or the connection ends.
        mutating func read(through suffix: String) async {
            let wanted = Array(suffix.utf8)
            while !received.suffix(wanted.count).elementsEqual(wanted),
                case .bytes(let bytes) = await wire.next()
            {
                received += bytes
            }
        }

        /// Reads to the end of the connection.
        mutating func readToEnd() async -> Ending {
            while true {
                switch await wire.next() {
                case .bytes(let bytes): received += bytes
                case .end(let ending): return ending
                }
            }
        }

        /// Reads to the end of the connection, and counts only.
        mutating func countToEnd() async -> Int {
            var count = 0
            while case .bytes(let bytes) = await wire.next() { count += bytes.count }
            return count
        }
    }

    /// Connects, and closes when `body` ends.
    static func connect<R: Sendable>(
        to port: Int, _ body: (inout Connection) async throws -> R
    ) async throws -> R {
        let network = try #require(network)
        let address = try #require(SocketAddress("127.0.0.1:\(port)"))
        let loop = network.loops[0]
        let result: Result<Wire, NetworkError> = await withCheckedContinuation { continuation in
            loop.post {
                _ = loop.connect(to: address) { result in
                    continuation.resume(returning: result.map { Wire($0) })
                }
            }
        }
        var connection = Connection(try result.get())
        do {
            let value = try await body(&connection)
            await connection.wire.close()
            return value
        } catch {
            await connection.wire.close()
            throw error
        }
    }

    /// Sends a request that asks for the connection to be closed, and reads all there is.
    static func exchange(
        with port: Int, _ method: String = "GET", _ target: String = "/", body: String = ""
    ) async throws -> (text: String, ending: Ending) {
        try await connect(to: port) { connection in
            await connection.send(
                request(method, target, headers: "Connection: close\r\n", body: body))
            let ending = await connection.readToEnd()
            return (connection.text, ending)
        }
    }

    /// The bytes of a request.
    static func request(
        _ method: String = "GET", _ target: String = "/", headers: String = "", body: String = ""
    ) -> String {
        let length = body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n"
        return "\(method) \(target) HTTP/1.1\r\nHost: simulator\r\n\(headers)\(length)\r\n\(body)"
    }
}

/// A stream that delivers one read for each call of ``next()``.
///
/// `@unchecked Sendable` because `stream` is used on its loop's thread alone, and the rest stands
/// behind the lock.
private final class Wire: ByteStreamReceiver, @unchecked Sendable {
    enum Event {
        case bytes([UInt8])
        case end(RawClient.Ending)
    }

    private struct State {
        var arrived: [[UInt8]] = []
        var ending: RawClient.Ending?
        var waiter: CheckedContinuation<Event, Never>?
    }

    private let stream: any ByteStream
    private let loop: any EventLoop
    private let state = Mutex(State())

    init(_ stream: any ByteStream) {
        self.stream = stream
        loop = stream.loop
        stream.receiver = self
        stream.pauseReading()
    }

    func send(_ bytes: [UInt8]) async {
        await withCheckedContinuation { continuation in
            loop.post {
                self.stream.write(keeping: bytes)
                continuation.resume()
            }
        }
    }

    func next() async -> Event {
        await withCheckedContinuation { continuation in
            let event: Event? = state.withLock { state in
                if !state.arrived.isEmpty { return .bytes(state.arrived.removeFirst()) }
                if let ending = state.ending { return .end(ending) }
                state.waiter = continuation
                return nil
            }
            if let event { return continuation.resume(returning: event) }
            loop.post { self.stream.resumeReading() }
        }
    }

    func close() async {
        await withCheckedContinuation { continuation in
            loop.post {
                self.stream.close()
                continuation.resume()
            }
        }
    }

    func streamReceived(_ bytes: Span<UInt8>) {
        stream.pauseReading()
        let copy = bytes.withUnsafeBufferPointer { Array($0) }
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            if state.waiter == nil { state.arrived.append(copy) }
            return state.waiter
        }
        waiter?.resume(returning: .bytes(copy))
    }

    func streamDrained() {}

    func streamEnded() { end(.closed) }

    func streamClosed(_ reason: StreamCloseReason) {
        switch reason {
        case .closedHere, .ended: end(.closed)
        default: end(.reset)
        }
    }

    private func end(_ ending: RawClient.Ending) {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            if state.ending == nil { state.ending = ending }
            return state.waiter
        }
        waiter?.resume(returning: .end(ending))
    }
}
