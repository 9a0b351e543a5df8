import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import RepriseCore
import RepriseProxy
import RepriseStorage
import Testing

@testable import RepriseServer

struct HitPathHandlerTests {
    private let known = RequestText(target: "/v1/chat/completions?known")
    private let unknown = RequestText(target: "/v1/chat/completions?unknown")

    private func connection() throws -> HitPathConnection {
        let connection = try HitPathConnection()
        #expect(connection.learn(known.bytes, HitPathConnection.response("hit")))
        return connection
    }

    private func bodies(_ connection: HitPathConnection) throws -> [String] {
        try ResponseParse(try connection.received()).responses.map(\.body)
    }

    @Test func aKnownRequestIsAnswered() throws {
        let connection = try connection()
        try connection.send(known)
        #expect(try bodies(connection) == ["hit"])
        #expect(connection.handedOn.isEmpty)
    }

    @Test func aKnownRequestIsAnsweredWhereverItIsSplit() throws {
        let connection = try connection()
        let bytes = known.bytes
        for split in 1..<bytes.count {
            try connection.send(Array(bytes[..<split]))
            #expect(try connection.received().isEmpty)
            try connection.send(Array(bytes[split...]))
            #expect(try bodies(connection) == ["hit"])
        }
        #expect(connection.handedOn.isEmpty)
    }

    @Test func knownRequestsInOneReadAreAllAnswered() throws {
        let connection = try connection()
        try connection.send(known.bytes + known.bytes + known.bytes + [0x50])
        #expect(try bodies(connection) == ["hit", "hit", "hit"])
        #expect(connection.handedOn.isEmpty)
    }

    @Test func anUnknownRequestGoesOnWithItsAlias() throws {
        let connection = try connection()
        try connection.send(unknown)
        #expect(connection.handedOn == unknown.bytes)
        #expect(connection.client.alias == connection.alias(of: unknown.bytes))
        #expect(connection.client.alias != nil)
        connection.respond("full")
        #expect(connection.client.alias == nil)
        #expect(try bodies(connection) == ["full"])
        try connection.send(known)
        #expect(try bodies(connection) == ["hit"])
    }

    @Test func aKnownRequestBehindAnUnansweredOneGoesOn() throws {
        for isSameRead in [true, false] {
            let connection = try connection()
            if isSameRead {
                try connection.send(unknown.bytes + known.bytes)
            } else {
                try connection.send(unknown)
                try connection.send(known)
            }
            #expect(connection.targets == [unknown.target, known.target])
            #expect(connection.client.alias == nil)
            #expect(try connection.received().isEmpty)
            connection.respond("1")
            connection.respond("2")
            try connection.send(known)
            #expect(connection.wholeRequests == 3)
            #expect(connection.client.alias == nil)
        }
    }

    @Test func aKnownRequestBehindAHalfReadOneGoesOn() throws {
        let connection = try connection()
        let upload = RequestText(
            fields: [("Host", "h"), ("Content-Type", "multipart/form-data")],
            body: String(decoding: known.bytes, as: UTF8.self))
        let bytes = upload.bytes
        try connection.send(Array(bytes.dropLast(known.bytes.count)))
        try connection.send(known)
        #expect(connection.handedOn == bytes)
        #expect(connection.targets == [upload.target])
        connection.respond("full")
        try connection.send(known)
        #expect(try bodies(connection) == ["full", "hit"])
    }

    @Test func aResponseBeforeTheEndOfItsRequestLeavesTheConnectionToTheFullPath() throws {
        let connection = try connection()
        let upload = RequestText(fields: [("Host", "h")], body: "abc")
        try connection.send(Array(upload.bytes.dropLast()))
        connection.respond("early")
        try connection.send(Array(upload.bytes.suffix(1)) + known.bytes)
        #expect(connection.handedOn == upload.bytes + known.bytes)
        #expect(try bodies(connection) == ["early"])
    }

    @Test func nothingIsAnsweredWhileTheClientDoesNotRead() throws {
        let connection = try connection()
        connection.channel.isWritable = false
        try connection.send(known)
        #expect(try connection.received().isEmpty)
        #expect(connection.handedOn == known.bytes)
        connection.channel.isWritable = true
        connection.respond("full")
        try connection.send(known)
        #expect(try bodies(connection) == ["full", "hit"])
    }

    @Test(arguments: [("X-Proxy-TTL", "9"), ("Cache-Control", "no-cache"), ("api-key", "other")])
    func anotherRequestIsNotAnswered(name: String, value: String) throws {
        let connection = try connection()
        try connection.send(known.adding(name, value))
        #expect(connection.wholeRequests == 1)
        #expect(try connection.received().isEmpty)
    }

    @Test func anotherBodyOrTargetIsNotAnswered() throws {
        for path in [\RequestText.target, \.bodyText] {
            let connection = try connection()
            var other = known
            other[keyPath: path] += "x"
            try connection.send(other)
            #expect(connection.wholeRequests == 1)
            #expect(try connection.received().isEmpty)
        }
    }

    @Test func aStaleResponseIsNotReplayed() throws {
        for (ttl, isFresh) in [(4, false), (6, true)] as [(Int64, Bool)] {
            let connection = try HitPathConnection()
            connection.learn(known.bytes, HitPathConnection.response("hit", ttl: ttl))
            try connection.send(known)
            #expect(try bodies(connection) == (isFresh ? ["hit"] : []))
            #expect(connection.handedOn.isEmpty == isFresh)
        }
    }

    @Test func anEndInTheMiddleOfARequestReachesTheDecoder() throws {
        for isHalfClosed in [true, false] {
            let connection = try connection()
            let part = Array(known.bytes.dropLast())
            try connection.send(part)
            #expect(connection.handedOn.isEmpty)
            if isHalfClosed {
                connection.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
            } else {
                connection.channel.pipeline.fireChannelInactive()
            }
            #expect(connection.handedOn == part)
        }
    }

    @Test func aRequestInVeryManyPiecesGoesOn() throws {
        let connection = try connection()
        var text = known
        text.body = String(repeating: "x", count: 1000)
        connection.learn(text.bytes, HitPathConnection.response("long"))
        for byte in text.bytes { try connection.send([byte]) }
        #expect(connection.handedOn == text.bytes)
        #expect(connection.wholeRequests == 1)
    }

    @Test func aBodyInVeryManyPiecesDoesNotGiveTheConnectionAway() throws {
        let connection = try connection()
        var text = known
        text.body = String(repeating: "x", count: 1000)
        let headLength = text.bytes.count - 1000
        try connection.send(Array(text.bytes[..<headLength]))
        for byte in text.bytes[headLength...] { try connection.send([byte]) }
        #expect(connection.handedOn == text.bytes)
        connection.respond("full")
        try connection.send(known)
        #expect(try bodies(connection) == ["full", "hit"])
    }

    @Test func aBodyThatIsTooLongGoesOnAsItComes() throws {
        let connection = try connection()
        var text = known
        text.body = String(repeating: "x", count: HitPathHandler.longestRequest)
        let bytes = text.bytes
        try connection.send(Array(bytes[..<1000]))
        #expect(connection.handedOn.count == 1000)
        try connection.send(Array(bytes[1000...]))
        connection.respond("full")
        try connection.send(known)
        #expect(try bodies(connection) == ["full", "hit"])
    }

    @Test func theTimeForAHeadBeginsAnewWithEachRequest() throws {
        let connection = try connection()
        let half = known.bytes.count / 2
        try connection.send(Array(known.bytes[..<half]))
        for _ in 0..<5 {
            connection.channel.embeddedEventLoop.advanceTime(by: .seconds(6))
            try connection.send(Array(known.bytes[half...] + known.bytes[..<half]))
            #expect(try bodies(connection) == ["hit"])
        }
        connection.channel.embeddedEventLoop.advanceTime(by: .seconds(11))
        #expect(try ResponseParse(try connection.received()).responses.map(\.status) == [408])
    }

    @Test func aBodyMayTakeLongerThanAHead() throws {
        let connection = try connection()
        let bytes = known.bytes
        try connection.send(Array(bytes.dropLast(2)))
        connection.channel.embeddedEventLoop.advanceTime(by: .seconds(11))
        try connection.send(Array(bytes.suffix(2).dropLast()))
        connection.channel.embeddedEventLoop.advanceTime(by: .seconds(11))
        try connection.send(Array(bytes.suffix(1)))
        #expect(try bodies(connection) == ["hit"])
    }

    @Test(arguments: [nil, 0, 5, 6, 86_405, 1 << 40])
    func aHitLooksLikeTheFullPaths(ttl: Int64?) throws {
        for body in ["", "{\"id\":1}", String(repeating: "long ", count: 10_000)] {
            let stored = HitPathConnection.response(
                body, ttl: ttl,
                headers: [
                    ("content-type", "application/json"), ("x-request-id", "req_1"),
                    ("openai-version", "2020-10-01"), ("openai-model", ""),
                ])
            let connection = try HitPathConnection()
            connection.learn(known.bytes, stored)
            try connection.send(known)
            let hits = try ResponseParse(try connection.received()).responses
            guard let left = ttl.map({ $0 - 5 }), left <= 0 else {
                let expected = try fullPathResponse(stored, ttl: ttl.map { $0 - 5 })
                #expect(hits == [expected])
                #expect(hits.first?.value("age") == "5")
                #expect(hits.first?.value("date") == "Sun, 06 Nov 1994 08:49:37 GMT")
                continue
            }
            #expect(hits.isEmpty)
        }
    }

    /// The same response as the full path's handlers write it.
    private func fullPathResponse(
        _ stored: CachedResponse, ttl: Int64?
    ) throws -> ResponseParse.Response? {
        var headers = stored.metadata.headers
        headers.append(HeaderField(name: .init("age"), value: .init("5")))
        headers.append(
            HeaderField(name: .init("cache-status"), value: CacheStatus.hit(ttl: ttl).bytes))
        headers.append(
            HeaderField(name: .init("date"), value: .init("Sun, 06 Nov 1994 08:49:37 GMT")))
        let head = HTTPResponse(
            ProxyResponse(
                status: stored.metadata.status, headers: headers, body: .complete(stored.body),
                cacheStatus: nil))
        let connection = try HitPathConnection()
        try connection.send(known)
        connection.channel.write(HTTPResponsePart.head(head), promise: nil)
        connection.channel.write(HTTPResponsePart.body(stored.body), promise: nil)
        connection.channel.writeAndFlush(HTTPResponsePart.end(nil), promise: nil)
        return try ResponseParse(try connection.received()).responses.first
    }
}

extension RequestText {
    /// The body, empty if there is none.
    fileprivate var bodyText: String {
        get { body ?? "" }
        set { body = newValue }
    }
}
