import RepriseNetwork
import RepriseSimulator
import Synchronization

/// A client's connection that a test drives byte by byte.
final class WireConnection: Sendable {
    /// How a connection came to its end.
    enum Ending: Equatable {
        case closed
        case reset
    }

    /// What a task waits for.
    fileprivate struct Waiter {
        let gate = Gate()
        let number: Int
        var want: Want
    }

    fileprivate enum Want {
        /// That a text has come.
        case text([UInt8], searched: Int)
        /// That a response is whole, or cannot become so.
        case reply(ReplyParser)
        /// The connection's end.
        case end
    }

    fileprivate struct State {
        var bytes: [UInt8] = []
        var ending: Ending?
        var waiters: [Waiter] = []
        var lastWaiter = 0
        var replies: [Int: Result<Reply, any Error>] = [:]
        var stream: LoopBound<any ByteStream>?
    }

    private let state = Mutex(State())

    // MARK: The connection's life

    /// Connects, and closes when `body` ends.
    ///
    /// - Parameters:
    ///   - opening: Sent as soon as the connection stands, however busy the tests' threads are: a
    ///     client that is to speak in time cannot wait for one of them.
    ///   - reads: Whether it reads from the beginning, or only at ``readOn()``.
    static func with<R>(
        port: Int, opening: String = "", reads: Bool = true,
        _ body: (WireConnection) async throws -> R
    ) async throws -> R {
        let connection = WireConnection()
        try await connection.open(port: port, opening: Array(opening.utf8), reads: reads)
        defer { connection.onStream { $0.close() } }
        return try await body(connection)
    }

    private func open(port: Int, opening: [UInt8], reads: Bool) async throws {
        let loop = ClientNetwork.loop
        try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<Void, any Error>) in
            loop.post { [self] in
                let address = SimulatedUpstream.loopback(port: UInt16(port))
                _ = loop.connect(to: address) { [self] result in
                    switch result {
                    case .failure(let error):
                        continuation.resume(throwing: error)
                    case .success(let stream):
                        let bound = LoopBound(stream, on: loop)
                        state.withLock { $0.stream = bound }
                        if !reads { stream.pauseReading() }
                        stream.receiver = WireReceiver(self)
                        if !opening.isEmpty { stream.write(opening.span) }
                        continuation.resume()
                    }
                }
            }
        }
    }

    private func onStream(_ action: @escaping @Sendable (any ByteStream) -> Void) {
        guard let stream = state.withLock({ $0.stream }) else { return }
        ClientNetwork.loop.post { action(stream.value) }
    }

    // MARK: Sending

    /// Sends text as it is.
    func send(_ text: String) { send(Array(text.utf8)) }

    /// Sends bytes as they are.
    func send(_ bytes: [UInt8]) { onStream { $0.write(bytes.span) } }

    /// Closes the sending side: the peer sees the end of what it reads, and can still answer.
    func finishSending() { onStream { $0.finishWriting() } }

    /// Reads what comes from now on.
    func readOn() { onStream { $0.resumeReading() } }

    /// Lets go of the connection with a reset.
    func abort() { onStream { $0.abort() } }

    // MARK: Reading

    /// What was read so far.
    var bytes: [UInt8] { state.withLock { $0.bytes } }

    /// What was read so far, as text.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// What the connection has brought, as responses one after the other.
    var responses: [WireResponse] { WireResponse.all(in: text) }

    /// Reads until `part` stands in the text, or the connection ends.
    func read(through part: String) async {
        _ = await wait(for: .text(Array(part.utf8), searched: 0))
    }

    /// Reads to the end of the connection.
    @discardableResult
    func readToEnd() async -> Ending {
        _ = await wait(for: .end)
        return state.withLock { $0.ending ?? .reset }
    }

    /// Reads the first response, whole.
    ///
    /// - Throws: When it breaks off.
    func reply(to method: Method) async throws -> Reply {
        let number = await wait(for: .reply(ReplyParser(to: method)))
        guard let result = state.withLock({ $0.replies[number] }) else { throw CancellationError() }
        return try result.get()
    }

    /// Sends something, and reads all that comes until the peer closes.
    static func exchange(_ text: String, port: Int) async throws -> [WireResponse] {
        try await with(port: port, opening: text) { connection in
            await connection.readToEnd()
            return connection.responses
        }
    }

    private func wait(for want: Want) async -> Int {
        let waiter = state.withLock { state in
            state.lastWaiter += 1
            let waiter = Waiter(number: state.lastWaiter, want: want)
            state.waiters.append(waiter)
            return waiter
        }
        check { _ in }
        await waiter.gate.waitUntilOpen()
        return waiter.number
    }

    /// Changes the state, and wakes those who have what they wait for.
    private func check(_ change: (inout State) -> Void) {
        let met = state.withLock { state in
            change(&state)
            var met: [Gate] = []
            var left: [Waiter] = []
            var waiters = state.waiters
            state.waiters = []
            for index in waiters.indices {
                if state.isMet(&waiters[index].want, waiters[index].number) {
                    met.append(waiters[index].gate)
                } else {
                    left.append(waiters[index])
                }
            }
            state.waiters = left
            return met
        }
        for gate in met { gate.open() }
    }

    fileprivate func received(_ bytes: Span<UInt8>) {
        let copy = bytes.withUnsafeBufferPointer { Array($0) }
        check { $0.bytes += copy }
    }

    fileprivate func ended(_ ending: Ending) {
        check { $0.ending = $0.ending ?? ending }
    }
}

extension WireConnection.State {
    mutating func isMet(_ want: inout WireConnection.Want, _ number: Int) -> Bool {
        switch want {
        case .end:
            return ending != nil
        case .reply(var parser):
            parser.read(bytes, ending)
            replies[number] = parser.result
            want = .reply(parser)
            return parser.result != nil
        case .text(let part, var start):
            while start + part.count <= bytes.count {
                if bytes[start..<start + part.count].elementsEqual(part) { return true }
                start += 1
            }
            want = .text(part, searched: start)
            return ending != nil
        }
    }
}

/// What hands a stream's bytes to a connection.
private final class WireReceiver: ByteStreamReceiver {
    private let connection: WireConnection

    init(_ connection: WireConnection) { self.connection = connection }

    func streamReceived(_ bytes: Span<UInt8>) { connection.received(bytes) }
    func streamDrained() {}
    func streamEnded() { connection.ended(.closed) }

    func streamClosed(_ reason: StreamCloseReason) {
        switch reason {
        case .closedHere, .ended: connection.ended(.closed)
        case .reset, .truncated, .tls, .system: connection.ended(.reset)
        }
    }
}
