import RepriseNetwork
import RepriseTesting
import Testing

/// Calls of the HTTP client under drawn faults: what it says of a response is true, and no request
/// arrives twice.
struct HTTPClientStormTests {
    @Test func responsesAreWholeOrFailAndNoRequestArrivesTwice() throws {
        var outcomes: [String: Int] = [:]
        for seed in UInt64(1)...40 {
            for outcome in try run(seed: seed) { outcomes[outcome, default: 0] += 1 }
        }
        // A storm in which nothing breaks, or nothing gets through, would prove little.
        for outcome in ["framed", "connectionClosed", "failed", "cancelled"] {
            #expect(outcomes[outcome, default: 0] > 20, "\(outcomes)")
        }
    }

    /// - Returns: In a word, what became of each call.
    private func run(seed: UInt64) throws -> [String] {
        var options = SeededRandom(seed: seed)
        let world = SimulatedWorld(seed: seed, faults: FaultPlan.swarm(&options))
        let host = world.addHost("client")
        let server = try NumberServer(on: world.addHost("server"), seed: options.next())
        var configuration = HTTPClient.Configuration()
        configuration.silence = .seconds(30)
        configuration.idle = .seconds(options.number(in: 1...20))
        configuration.mostIdle = options.number(in: 1...4)
        let caller = Caller(HTTPClient(loop: host.loop, configuration: configuration))
        var calls: [NumberedCall] = []
        for number in 0..<30 {
            let call = NumberedCall(number, &options)
            calls.append(call)
            caller.send(call, after: .milliseconds(options.number(below: 10_000)))
        }
        world.run(for: .seconds(15))
        world.calm()
        let isOver = world.run(limit: .seconds(2000)) { calls.allSatisfy { $0.outcome != nil } }
        #expect(isOver, "seed \(seed): \(world.leftovers)")
        caller.shutDown()
        world.run(for: .seconds(120))
        for call in calls {
            #expect(call.flaws.isEmpty, "seed \(seed), call \(call.number): \(call.flaws)")
            let count = server.arrivals[call.number, default: 0]
            #expect(count <= 1, "seed \(seed), call \(call.number) arrived \(count) times")
        }
        server.listener.close {}
        let isIdle = world.runUntilIdle()
        #expect(isIdle && world.leftovers.isEmpty, "seed \(seed): \(world.leftovers)")
        return calls.map { $0.outcome ?? "none" }
    }
}

/// A client that is used from outside of its loop.
///
/// `@unchecked Sendable` because a world and all in it are used by one thread.
private final class Caller: @unchecked Sendable {
    private let client: HTTPClient

    init(_ client: HTTPClient) {
        self.client = client
    }

    func send(_ call: NumberedCall, after delay: Duration) {
        client.loop.post {
            _ = self.client.loop.schedule(after: delay) { call.send(by: self.client) }
        }
    }

    func shutDown() {
        client.loop.post { self.client.shutDown() }
    }
}

/// A call whose response is known by its number.
///
/// `@unchecked Sendable` as ``Caller`` is.
private final class NumberedCall: ClientResponseHandler, @unchecked Sendable {
    let number: Int
    private(set) var outcome: String?
    private(set) var flaws: [String] = []
    private let bodySize: Int
    private let isStreamed: Bool
    /// How often it stops reading for a while.
    private var pauses: Int
    /// Bytes after which it is given up.
    private let patience: Int
    private var call: ClientCall?
    private var loop: (any EventLoop)?
    private var received: [UInt8] = []
    private var unwritten = 0
    private var hasHead = false

    init(_ number: Int, _ random: inout SeededRandom) {
        self.number = number
        bodySize = random.chance(0.5) ? random.number(below: 100) : random.number(below: 150_000)
        isStreamed = random.chance(0.3)
        pauses = random.chance(0.2) ? 20 : 0
        patience = random.chance(0.1) ? random.number(below: 10_000) : .max
    }

    /// What the server answers.
    static func answer(_ number: Int) -> [UInt8] {
        (0..<(number * number * 40)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ number) }
    }

    func send(by client: HTTPClient) {
        let body: ClientRequest.Body =
            isStreamed
            ? .stream(length: number % 2 == 0 ? Int64(bodySize) : nil)
            : bodySize == 0 ? .none : .bytes([UInt8](repeating: 120, count: bodySize))
        unwritten = bodySize
        loop = client.loop
        call = client.send(
            ClientRequest(
                origin: Origin(isSecure: false, host: "server", port: 80),
                method: Array("POST".utf8), target: Array("/\(number)".utf8), body: body),
            handler: self)
    }

    private func note(_ outcome: String) {
        if let before = self.outcome { flaws.append("\(outcome) after \(before)") }
        self.outcome = outcome
    }

    func responseHead(_ head: HTTP1ResponseHead) {
        if hasHead || outcome != nil { flaws.append("a head where none is due") }
        hasHead = true
        if head.status != 200 { flaws.append("status \(head.status)") }
    }

    func responseBody(_ bytes: Span<UInt8>) {
        if !hasHead || outcome != nil { flaws.append("a body where none is due") }
        for index in bytes.indices { received.append(bytes[index]) }
        if received.count > patience {
            call?.cancel()
            return note("cancelled")
        }
        guard let call, pauses > 0 else { return }
        pauses -= 1
        call.pauseReading()
        _ = loop?.schedule(after: .milliseconds(50)) { call.resumeReading() }
    }

    func responseEnded(_ end: ResponseEnd) {
        note("\(end)")
        if received != Self.answer(number) { flaws.append("\(received.count) bytes as a whole") }
    }

    func callFailed(_ error: ClientError) {
        note("failed")
        if !Self.answer(number).starts(with: received) { flaws.append("other bytes came") }
        if case .malformedResponse = error { flaws.append("\(error)") }
        if case .unsendable = error { flaws.append("\(error)") }
    }

    func requestBodyWanted() { write() }
    func requestBodyDrained() { write() }

    private func write() {
        guard let call else { return }
        while unwritten > 0, call.unsentByteCount < ByteStreamLimits.lowWaterMark {
            let count = min(unwritten, 20_000)
            unwritten -= count
            call.write(keeping: [UInt8](repeating: 120, count: count))
        }
        if unwritten == 0 { call.finishBody() }
    }
}

/// A server that answers a request for `/N` with the bytes that belong to N, framed in one of three
/// ways; now and then early, and now and then it closes.
private final class NumberServer: @unchecked Sendable {
    let listener: any Listener
    private let shared: Shared

    final class Shared: @unchecked Sendable {
        var random: SeededRandom
        var arrivals: [Int: Int] = [:]

        init(_ random: SeededRandom) {
            self.random = random
        }
    }

    /// How often each request came whole.
    var arrivals: [Int: Int] { shared.arrivals }

    init(on host: SimulatedNetwork, seed: UInt64) throws {
        let shared = Shared(SeededRandom(seed: seed))
        self.shared = shared
        listener = try host.listen(on: host.address(port: 80), limit: 100) { stream in
            stream.receiver = NumberConnection(stream, shared)
        }
    }
}

private final class NumberConnection: ByteStreamReceiver {
    private let stream: any ByteStream
    private let shared: NumberServer.Shared
    private var parser = HTTP1RequestParser(limits: HTTP1Limits())
    private var deadline: (any LoopTimer)?
    private var number = 0
    private var isAnswered = false

    init(_ stream: any ByteStream, _ shared: NumberServer.Shared) {
        self.stream = stream
        self.shared = shared
        extend()
    }

    private func extend() {
        deadline?.cancel()
        let limit = Duration.milliseconds(shared.random.number(in: 500...60_000))
        deadline = stream.loop.schedule(after: limit) { [weak self] in
            guard let self else { return }
            if self.parser.isBetweenMessages { self.stream.close() } else { self.stream.abort() }
        }
    }

    func streamReceived(_ bytes: Span<UInt8>) {
        extend()
        var position = 0
        do throws(HTTP1Error) {
            while let event = try parser.next(bytes, from: &position) {
                switch event {
                case .head(let head):
                    number = Int(String(decoding: head.target.dropFirst(), as: UTF8.self)) ?? -1
                    isAnswered = false
                    if shared.random.chance(0.05) { answer(closing: true) }
                case .body: break
                case .end:
                    shared.arrivals[number, default: 0] += 1
                    if !isAnswered { answer(closing: shared.random.chance(0.2)) }
                }
            }
        } catch {
            Issue.record("the client sent what is no request: \(error)")
        }
    }

    private func answer(closing: Bool) {
        isAnswered = true
        let body = NumberedCall.answer(number)
        var text: [UInt8] = []
        HTTP1MessageWriter.appendStatusLine(200, to: &text)
        let kind = closing ? shared.random.number(below: 3) : shared.random.number(below: 2)
        switch kind {
        case 0:
            HTTP1MessageWriter.appendField("content-length", number: Int64(body.count), to: &text)
            HTTP1MessageWriter.appendHeadEnd(to: &text)
            text += body
        case 1:
            text += Array("transfer-encoding: chunked\r\n\r\n".utf8)
            var rest = body[...]
            while !rest.isEmpty {
                let piece = rest.prefix(shared.random.number(in: 1...10_000))
                rest = rest.dropFirst(piece.count)
                HTTP1MessageWriter.appendChunkHead(size: piece.count, to: &text)
                text += piece
                HTTP1MessageWriter.appendChunkEnd(to: &text)
            }
            HTTP1MessageWriter.appendLastChunk(to: &text)
        default:
            HTTP1MessageWriter.appendHeadEnd(to: &text)
            text += body
        }
        stream.write(keeping: text)
        if closing { stream.close() }
    }

    func streamDrained() { extend() }
    func streamEnded() { stream.close() }
    func streamClosed(_ reason: StreamCloseReason) { deadline?.cancel() }
}
