import NIOCore
import NIOEmbedded
import RepriseCore
import RepriseStorage
import Testing

@testable import RepriseProxy
@testable import RepriseServer

/// A plain request that is no hit: what goes upstream, and how the response comes back without a
/// task.
struct HitPathExchangeTests {
    private let request = RequestText()
    private let calls = PlayedCalls()

    /// A connection on which a request waits for a call.
    private func waiting(
        retention: Int = 1 << 20
    ) throws -> (connection: HitPathConnection, flight: Flight) {
        let connection = try calls.connection()
        let flight = try #require(calls.call(for: request, retention: retention))
        try connection.send(request)
        return (connection, flight)
    }

    private func text(_ connection: HitPathConnection) throws -> String {
        connection.channel.embeddedEventLoop.run()
        return String(decoding: try connection.received(), as: UTF8.self)
    }

    @Test func lengthOfTheUpstreamIsKeptAndNothingIsChunked() throws {
        let (connection, flight) = try waiting()
        flight.receive(
            200, ("content-type", "text/plain"), ("content-length", "8"), ("set-cookie", "a=b"),
            ("connection", "close"), ("x-request-id", "req_1"))
        flight.receive("upstream")
        flight.finish(.complete(.notAsked))
        #expect(
            try text(connection) == """
                HTTP/1.1 200 OK\r
                content-type: text/plain\r
                content-length: 8\r
                x-request-id: req_1\r
                cache-status: reprise; fwd=uri-miss; collapsed\r
                date: \(HTTPDate.now())\r
                \r
                upstream
                """)
        #expect(connection.handedOn.isEmpty)
    }

    @Test func streamIsPassedOnAsItComes() throws {
        let (connection, flight) = try waiting()
        #expect(try text(connection).isEmpty)
        flight.receive(200, ("content-type", "text/event-stream"))
        let head = try text(connection)
        #expect(head.contains("\r\ntransfer-encoding: chunked\r\n"))
        #expect(head.hasSuffix("\r\n\r\n"))
        flight.receive("data: 1\n\n")
        #expect(try text(connection) == "9\r\ndata: 1\n\n\r\n")
        flight.receive("data: 2\n\n")
        flight.receive("data: 3\n\n")
        #expect(try text(connection) == "12\r\ndata: 2\n\ndata: 3\n\n\r\n")
        flight.finish(.complete(.notAsked))
        #expect(try text(connection) == "0\r\n\r\n")
        try connection.send(request.bytes.dropLast(1) + [UInt8(ascii: "]")])
        #expect(connection.wholeRequests == 1)
    }

    @Test(arguments: [204, 304] as [Int32])
    func statusWithoutABodyHasNone(status: Int32) throws {
        let (connection, flight) = try waiting()
        flight.receive(status, ("content-length", "0"))
        flight.finish(.complete(.notAsked))
        let response = try text(connection)
        #expect(!response.contains("content-length"))
        #expect(!response.contains("transfer-encoding"))
        #expect(response.hasSuffix("\r\n\r\n"))
    }

    @Test func fieldValueThatWouldEndItsLineDoesNot() throws {
        let (connection, flight) = try waiting()
        flight.receive(200, ("x-request-id", "a\r\nset-cookie: b=c\0"), ("content-length", "0"))
        flight.finish(.complete(.notAsked))
        #expect(try text(connection).contains("\r\nx-request-id: a  set-cookie: b=c \r\n"))
    }

    @Test func responseThatBreaksOffCutsTheConnection() throws {
        let (connection, flight) = try waiting()
        flight.receive(200, ("content-type", "text/event-stream"))
        flight.receive("data: 1\n\n")
        flight.finish(.failed(.upstream(.connectionLost)))
        #expect(try text(connection).hasSuffix("9\r\ndata: 1\n\n\r\n"))
        #expect(!connection.channel.isActive)
    }

    @Test func failureBeforeTheHeadIsAnErrorAndTheConnectionGoesOn() throws {
        let (connection, flight) = try waiting()
        flight.finish(.failed(.upstream(.timedOut)))
        let response = try #require(try connection.responses().first)
        #expect(response.status == 504)
        #expect(response.body.contains("\"code\":\"upstream_timeout\""))
        let other = request.adding("X-Proxy-Namespace", "other")
        let next = try #require(calls.call(for: other))
        try connection.send(other)
        next.receive(200, ("content-length", "0"))
        next.finish(.complete(.notAsked))
        #expect(try connection.responses().map(\.status) == [200])
    }

    @Test func requestsBehindAreAnsweredInOrder() throws {
        let (connection, flight) = try waiting()
        let known = RequestText(body: "{\"model\":\"known\"}")
        connection.learn(known.bytes, HitPathConnection.response("hit"))
        try connection.send(Array(known.bytes.prefix(40)))
        try connection.send(Array(known.bytes.dropFirst(40)) + known.bytes)
        #expect(try text(connection).isEmpty)
        flight.receive(200, ("content-length", "5"))
        flight.receive("first")
        flight.finish(.complete(.notAsked))
        #expect(try connection.responses().map(\.body) == ["first", "hit", "hit"])
    }

    @Test func thousandsOfErrorsInARowNeedNoStack() throws {
        let connection = try calls.connection()
        let refused = request.adding("Cache-Control", "only-if-cached").bytes
        let count = 5_000
        try connection.send(Array(repeatElement(refused, count: count).joined()))
        let statuses = try connection.responses().map(\.status)
        #expect(statuses == Array(repeating: 504, count: count))
    }

    @Test func requestForTheFullPathBehindIsHandedOnAfterwards() throws {
        let (connection, flight) = try waiting()
        let get = RequestText(method: "GET", target: "/health", body: nil)
        try connection.send(get)
        #expect(connection.handedOn.isEmpty)
        flight.receive(200, ("content-length", "0"))
        flight.finish(.complete(.notAsked))
        #expect(try connection.responses().count == 1)
        #expect(connection.targets == ["/health"])
        connection.respond("ok")
        #expect(try connection.responses().map(\.body) == ["ok"])
    }

    @Test func nothingIsReadOnceTooMuchHasComeBehind() throws {
        let (connection, flight) = try waiting()
        let reads = ReadCounter()
        try connection.channel.pipeline.syncOperations.addHandler(reads, position: .first)
        try connection.send([UInt8](repeating: 0x20, count: 100))
        #expect(reads.count > 0)
        reads.count = 0
        try connection.send([UInt8](repeating: 0x20, count: HitPathHandler.longestRequest))
        #expect(reads.count == 0)
        flight.receive(200, ("content-length", "0"))
        flight.finish(.complete(.notAsked))
        #expect(try text(connection).hasPrefix("HTTP/1.1 200"))
        #expect(connection.handedOn.count == 100 + HitPathHandler.longestRequest)
    }

    /// Counts how often the socket is asked for more.
    private final class ReadCounter: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer

        var count = 0

        func read(context: ChannelHandlerContext) {
            count += 1
            context.read()
        }
    }

    @Test func clientThatIsGoneLeavesTheCall() throws {
        let (connection, flight) = try waiting(retention: 0)
        flight.stopKeepingAlone()
        flight.receive(200, ("content-length", "5"))
        connection.channel.pipeline.fireChannelInactive()
        _ = try text(connection)
        #expect(flight.cancellation.isCancelled)
        flight.receive("first")
        #expect(try text(connection).isEmpty)
    }

    @Test func clientThatClosesItsSideGetsAnErrorAndLeavesTheCall() throws {
        let (connection, flight) = try waiting()
        flight.stopKeepingAlone()
        connection.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        let response = try #require(try connection.responses().first)
        #expect(response.status == 499)
        #expect(flight.cancellation.isCancelled)
    }

    @Test func shutdownWaitsForTheResponse() throws {
        let (connection, flight) = try waiting()
        let events = EventRecorder()
        try connection.channel.pipeline.syncOperations.addHandler(events)
        connection.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(events.count == 0)
        flight.receive(200, ("content-length", "0"))
        flight.finish(.complete(.notAsked))
        #expect(try connection.responses().count == 1)
        #expect(events.count == 1)
    }

    /// Counts the events that tell a connection to end.
    private final class EventRecorder: ChannelInboundHandler {
        typealias InboundIn = Any

        var count = 0

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if event is ChannelShouldQuiesceEvent { count += 1 }
            context.fireUserInboundEventTriggered(event)
        }
    }

    @Test func slowClientIsWaitedFor() throws {
        let (connection, flight) = try waiting(retention: 0)
        flight.receive(200, ("content-length", "12"))
        connection.channel.isWritable = false
        flight.receive("abcdef")
        _ = try text(connection)
        #expect(try text(connection).isEmpty)
        connection.channel.isWritable = true
        connection.channel.pipeline.fireChannelWritabilityChanged()
        #expect(try text(connection).hasSuffix("abcdef"))
    }

    @Test func fieldsOfARequestGoUpstreamUnlessThePolicyDropsThem() throws {
        var text = request.adding("X-Custom", " spaced  ").adding("x-custom", "again")
        text.fields.insert(("Empty", ""), at: 1)
        for (name, value) in [
            ("Cookie", "a=b"), ("Accept-Encoding", "gzip"), ("X-Proxy-TTL", "5"),
            ("Connection", "keep-alive"), ("Keep-Alive", "timeout=5"), ("If-None-Match", "*"),
        ] {
            text.fields.append((name, value))
        }
        let buffer = ByteBuffer(bytes: text.bytes)
        var keyed: [UInt8] = []
        guard
            case .head(let plain) = PlainRequest.scan(buffer.readableBytesUInt8Span, keyed: &keyed)
        else {
            Issue.record("the request is not plain")
            return
        }
        #expect(
            String(buffer: plain.forwardedLines(in: buffer)) == """
                empty: \r
                content-type: application/json\r
                x-custom: spaced\r
                x-custom: again\r
                accept-encoding: identity\r

                """)
    }
}
