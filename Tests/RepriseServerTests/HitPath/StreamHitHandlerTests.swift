import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import RepriseCore
import RepriseStorage
import Testing

@testable import RepriseServer

/// Hits on HTTP/2 streams.
struct StreamHitHandlerTests {
    private let calls = PlayedCalls()
    private let head: HTTPRequest = {
        var head = HTTPRequest(
            method: .post, scheme: "https", authority: "h", path: "/v1/chat/completions")
        head.headerFields[.contentType] = "application/json"
        return head
    }()
    private let body = ByteBuffer(string: #"{"model":"m"}"#)

    /// A stream's channel, and what the handler is told of the client.
    private struct Stream {
        let channel = EmbeddedChannel()
        let client = ClientConnection()

        init(_ calls: PlayedCalls) throws {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(client)
            try pipeline.addHandler(
                StreamHitHandler(
                    memory: calls.memory, proxy: calls.direct.proxy, client: client,
                    log: calls.direct.log))
        }

        /// Sends parts, in one read.
        func send(_ parts: HTTPRequestPart...) {
            for part in parts { channel.pipeline.fireChannelRead(part) }
            channel.pipeline.fireChannelReadComplete()
        }

        /// What has gone on to the handlers behind.
        func handedOn() throws -> [HTTPRequestPart] {
            var parts: [HTTPRequestPart] = []
            while let part = try channel.readInbound(as: HTTPRequestPart.self) {
                parts.append(part)
            }
            return parts
        }

        /// What the client has got.
        func answer() throws -> [HTTPResponsePart] {
            var parts: [HTTPResponsePart] = []
            while let part = try channel.readOutbound(as: HTTPResponsePart.self) {
                parts.append(part)
            }
            return parts
        }
    }

    /// Has the tier know the request by its parts, as the full path does.
    private func learn(_ response: CachedResponse) throws {
        let stream = try Stream(calls)
        stream.send(.head(head), .body(body), .end(nil))
        let alias = try #require(stream.client.alias)
        let made = CacheKey(digest: [UInt8](repeating: 7, count: 32).span)
        let key = try #require(made)
        calls.memory.learn(alias, for: key)
        #expect(calls.memory.insert(response, for: key))
    }

    @Test func aKnownRequestIsAnswered() throws {
        try learn(HitPathConnection.response("hit", ttl: 60))
        let stream = try Stream(calls)
        stream.send(.head(head), .body(body), .end(nil))
        let answer = try stream.answer()
        #expect(try stream.handedOn().isEmpty)
        guard answer.count == 3, case .head(let response) = answer[0] else {
            Issue.record("\(answer)")
            return
        }
        #expect(response.status == .ok)
        #expect(response.headerFields[.age] == "5")
        #expect(response.headerFields[.contentLength] == "3")
        #expect(response.headerFields[.init("cache-status")!] == "reprise; hit; ttl=55")
        #expect(Array(answer[1...]) == [.body(ByteBuffer(string: "hit")), .end(nil)])
    }

    @Test func howABodyIsCutDoesNotMatter() throws {
        try learn(HitPathConnection.response("hit"))
        let stream = try Stream(calls)
        let first = try #require(body.getSlice(at: 0, length: 4))
        let rest = try #require(body.getSlice(at: 4, length: body.readableBytes - 4))
        stream.send(.head(head))
        stream.send(.body(first))
        stream.send(.body(rest), .end(nil))
        #expect(try stream.answer().count == 3)
        #expect(try stream.handedOn().isEmpty)
    }

    @Test func anUnknownRequestGoesOnWithItsAlias() throws {
        let stream = try Stream(calls)
        stream.send(.head(head), .body(body), .end(nil))
        #expect(stream.client.alias != nil)
        #expect(try stream.handedOn() == [.head(head), .body(body), .end(nil)])
        #expect(try stream.answer().isEmpty)
    }

    @Test func aStaleResponseIsNoHit() throws {
        try learn(HitPathConnection.response("stale", ttl: 1))
        let stream = try Stream(calls)
        stream.send(.head(head), .body(body), .end(nil))
        #expect(try stream.handedOn() == [.head(head), .body(body), .end(nil)])
    }

    @Test func anotherRequestIsNoHit() throws {
        try learn(HitPathConnection.response("hit"))
        var others = [head, head, head]
        others[0].path = "/v1/responses"
        others[1].headerFields[.authorization] = "Bearer other"
        others[2].headerFields[.init("x-proxy-ttl")!] = "1"
        for other in others {
            let stream = try Stream(calls)
            stream.send(.head(other), .body(body), .end(nil))
            #expect(try stream.handedOn() == [.head(other), .body(body), .end(nil)])
        }
        let stream = try Stream(calls)
        let longer = ByteBuffer(string: #"{"model":"m"} "#)
        stream.send(.head(head), .body(longer), .end(nil))
        #expect(try stream.handedOn() == [.head(head), .body(longer), .end(nil)])
    }

    @Test func whatOnlyTheFullPathCanJudgeGoesOnAtOnce() throws {
        var others = Array(repeating: head, count: 6)
        others[0].method = .get
        others[1].headerFields[.contentType] = "text/plain"
        others[2].headerFields[.expect] = "100-continue"
        others[3].headerFields[.contentEncoding] = "gzip"
        others[4].headerFields[.init("x-goog-iam-authorization-token")!] = "a"
        others[5].path = "*"
        for other in others {
            let stream = try Stream(calls)
            stream.send(.head(other))
            #expect(try stream.handedOn() == [.head(other)])
            stream.send(.body(body), .end(nil))
            #expect(try stream.handedOn() == [.body(body), .end(nil)])
            #expect(stream.client.alias == nil)
        }
    }

    @Test func aSlowBodyGoesOnAsItComes() throws {
        let stream = try Stream(calls)
        stream.send(.head(head))
        for _ in 0..<2 { stream.send(.body(ByteBuffer(string: " "))) }
        #expect(try stream.handedOn().isEmpty)
        stream.send(.body(ByteBuffer(string: " ")))
        #expect(try stream.handedOn() == [.head(head), .body(ByteBuffer(string: "   "))])
        stream.send(.body(body), .end(nil))
        #expect(try stream.handedOn() == [.body(body), .end(nil)])
    }

    @Test func aLongBodyGoesOnAsItComes() throws {
        let stream = try Stream(calls)
        let long = ByteBuffer(repeating: 0x20, count: HitPathHandler.longestRequest + 1)
        stream.send(.head(head), .body(long))
        #expect(try stream.handedOn() == [.head(head), .body(long)])
        stream.send(.end(nil))
        #expect(try stream.handedOn() == [.end(nil)])
        #expect(stream.client.alias == nil)
    }

    @Test func trailersGoOn() throws {
        try learn(HitPathConnection.response("hit"))
        let stream = try Stream(calls)
        let trailers: HTTPFields = [.init("x-checksum")!: "a"]
        stream.send(.head(head), .body(body), .end(trailers))
        #expect(try stream.handedOn() == [.head(head), .body(body), .end(trailers)])
        #expect(stream.client.alias == nil)
    }

    // MARK: Keyed bytes

    @Test func theKeyedBytesAreThoseOfHTTP1() throws {
        var head = head
        var text = RequestText()
        for (name, value) in [
            ("authorization", "Bearer k"), ("user-agent", "a"), ("x-proxy-tags", "a, b"),
            ("accept", "text/event-stream"), ("openai-organization", "org"),
        ] {
            head.headerFields.append(HTTPField(name: .init(name)!, value: value))
            text = text.adding(name, value)
        }
        #expect(try #require(KeyedParts.keyed(head)) == PlainScan(text).keyed)
    }
}
