import NIOCore
import NIOEmbedded
import RepriseCore
import RepriseStorage
import Testing

@testable import RepriseProxy
@testable import RepriseServer

/// What becomes of a request whose bytes are not known, while the store is asked and afterwards.
struct HitPathAskingTests {
    private let request = RequestText()
    private let store = AskedStore()

    private let calls: PlayedCalls

    init() {
        calls = PlayedCalls(store: store)
    }

    private func connection() throws -> HitPathConnection {
        try calls.connection()
    }

    private func bodies(_ connection: HitPathConnection) throws -> [String] {
        try ResponseParse(try connection.received()).responses.map(\.body)
    }

    @Test func storedResponseIsAnsweredAndThenKnown() throws {
        let connection = try connection()
        try connection.send(request)
        #expect(store.waiting == 1)
        #expect(try bodies(connection).isEmpty)
        store.answer(HitPathConnection.response("stored"))
        #expect(try bodies(connection) == ["stored"])
        try connection.send(request)
        #expect(store.waiting == 0)
        #expect(try bodies(connection) == ["stored"])
        #expect(connection.handedOn.isEmpty)
    }

    @Test func requestsBehindTheOneThatWaitsAreAnsweredInOrder() throws {
        let connection = try connection()
        let other = RequestText(body: "{\"model\":\"other\"}")
        try connection.send(request.bytes + other.bytes)
        try connection.send(request)
        #expect(store.waiting == 1)
        store.answer(HitPathConnection.response("first"))
        #expect(try bodies(connection) == ["first"])
        #expect(store.waiting == 1)
        store.answer(HitPathConnection.response("second"))
        #expect(try bodies(connection) == ["second", "first"])
        #expect(connection.handedOn.isEmpty)
    }

    @Test func whatTheStoreDoesNotHaveGoesUpstream() throws {
        let connection = try connection()
        try connection.send(request)
        let flight = try #require(calls.call(for: request))
        store.answer(.success(nil))
        flight.receive(200, ("content-type", "text/plain"))
        flight.receive("upstream")
        flight.finish(.complete(.notAsked))
        #expect(try connection.responses().map(\.body) == ["upstream"])
        #expect(connection.handedOn.isEmpty)
    }

    @Test(arguments: [StoreError.timedOut, .unavailable("down"), .full, .cancelled])
    func storeThatFailsIsAMiss(error: StoreError) throws {
        let connection = try connection()
        try connection.send(request)
        let flight = try #require(calls.call(for: request))
        store.answer(.failure(error))
        flight.receive(200, ("content-type", "text/plain"))
        flight.finish(.complete(.notAsked))
        let response = try #require(try connection.responses().first)
        #expect(response.value("cache-status") == "reprise; fwd=uri-miss; collapsed")
    }

    @Test func staleResponseIsAReasonToGoUpstream() throws {
        let connection = try connection()
        try connection.send(request)
        let flight = try #require(calls.call(for: request))
        store.answer(HitPathConnection.response("stale", ttl: 1))
        flight.receive(200, ("content-type", "text/plain"))
        flight.finish(.complete(.notAsked))
        let response = try #require(try connection.responses().first)
        #expect(response.value("cache-status") == "reprise; fwd=stale; collapsed")
    }

    @Test func staleResponseStandsInWhenTheUpstreamFails() throws {
        let connection = try connection()
        let patient = request.adding("Cache-Control", "stale-if-error=60")
        try connection.send(patient)
        let flight = try #require(calls.call(for: patient))
        store.answer(HitPathConnection.response("stale", ttl: 1))
        flight.finish(.failed(.upstream(.timedOut)))
        let response = try #require(try connection.responses().first)
        #expect(response.body == "stale")
        #expect(response.value("cache-status") == "reprise; hit; ttl=-4; detail=stale-if-error")
    }

    @Test func clientThatLeavesMeanwhileGetsNothing() throws {
        let connection = try connection()
        try connection.send(request)
        connection.channel.pipeline.fireChannelInactive()
        #expect(connection.handedOn == request.bytes)
        store.answer(HitPathConnection.response("late"))
        #expect(try connection.received().isEmpty)
    }

    @Test func floodBehindARequestThatWaitsIsNotKept() throws {
        let connection = try connection()
        try connection.send(request)
        let flood = Array(repeating: UInt8(ascii: "x"), count: HitPathHandler.longestRequest)
        try connection.send(flood)
        #expect(connection.handedOn.count == request.bytes.count + flood.count)
        store.answer(HitPathConnection.response("late"))
        #expect(try !bodies(connection).contains("late"))
    }

    @Test(arguments: ["X-Proxy-Refresh: true", "X-Proxy-TTL: 0", "Cache-Control: no-cache"])
    func requestThatWantsNoStoredResponseIsNotAskedFor(field: String) throws {
        let connection = try connection()
        let parts = field.split(separator: ":").map { String($0) }
        let special = request.adding(parts[0], String(parts[1].dropFirst()))
        try connection.send(special)
        #expect(store.waiting == 0)
        #expect(connection.handedOn == special.bytes)
    }
}
