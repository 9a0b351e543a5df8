import Logging
import NIOCore
import NIOEmbedded
import NIOPosix
import RepriseCore
import RepriseProxy
import RepriseStorage
import Testing

@testable import RepriseServer

/// What becomes of a request whose bytes are not known, while the store is asked and afterwards.
struct HitPathAskingTests {
    private let request = RequestText()
    private let store = AskedStore()

    private func connection() throws -> HitPathConnection {
        let memory = HitPathConnection.emptyTier()
        let tiered = TieredStore(
            memory: memory, persistent: store, clock: HitPathConnection.clock,
            logger: Logger(label: "test"))
        let proxy = CachingProxy(
            configuration: ProxyConfiguration(upstreams: [.init(baseURL: "http://u")]),
            store: tiered,
            executors: EventLoopExecutors(MultiThreadedEventLoopGroup.singleton),
            clock: HitPathConnection.clock, logger: Logger(label: "test"))
        return try HitPathConnection(
            memory: memory, direct: DirectLookup(proxy: proxy, routes: RouteTable(names: [])))
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

    @Test func whatTheStoreDoesNotHaveGoesOnWithWhatWasFoundOut() throws {
        let connection = try connection()
        try connection.send(request)
        store.answer(.success(nil))
        #expect(connection.handedOn == request.bytes)
        #expect(connection.wholeRequests == 1)
        let prepared = connection.client.takePrepared()
        #expect(prepared?.isAbsent == true)
        #expect(connection.client.takePrepared() == nil)
        connection.respond("full")
        #expect(try bodies(connection) == ["full"])
    }

    @Test(arguments: [StoreError.timedOut, .unavailable("down"), .full, .cancelled])
    func storeThatFailsIsAMiss(error: StoreError) throws {
        let connection = try connection()
        try connection.send(request)
        store.answer(.failure(error))
        #expect(connection.handedOn == request.bytes)
        #expect(connection.wholeRequests == 1)
    }

    @Test func staleResponseIsForTheFullPath() throws {
        let connection = try connection()
        try connection.send(request)
        store.answer(HitPathConnection.response("stale", ttl: 1))
        #expect(connection.handedOn == request.bytes)
        #expect(connection.client.takePrepared()?.isAbsent == false)
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
