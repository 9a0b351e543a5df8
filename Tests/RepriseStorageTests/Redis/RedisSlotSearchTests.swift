import RepriseCore
import RepriseNetwork
import Testing

@testable import RepriseStorage

/// The search for the slots of a cluster, among nodes `a`, `b` and `c` that a test answers for.
struct RedisSlotSearchTests {
    /// What a search has asked for and how it has ended.
    private final class Course {
        var asked: [String: RedisLink.Waiter] = [:]
        var ends: [Result<RedisSlotMap, StoreError>] = []
    }

    private let network = PlayedNetwork()
    private let course = Course()
    private let slots = RESPValue.array([
        .array([
            .integer(0), .integer(16_383), .array([.bulk(Array("n".utf8)), .integer(1)]),
        ])
    ])

    private func search(_ hosts: String...) -> RedisSlotSearch {
        let candidates = hosts.map { RedisEndpoint(host: $0, port: 1) }
        let search = RedisSlotSearch(candidates, on: network.loop) { [course] endpoint, waiter in
            course.asked[endpoint.host] = waiter
        } end: { [course] in
            course.ends.append($0)
        }
        search.start()
        network.run()
        return search
    }

    private func fail(_ host: String, _ error: StoreError) throws {
        let waiter = try #require(course.asked[host])
        waiter(.failure(error))
        network.run()
    }

    private func succeed(_ host: String, _ reply: RESPValue) throws {
        let waiter = try #require(course.asked[host])
        waiter(.success(reply))
        network.run()
    }

    private var asked: [String] { course.asked.keys.sorted() }

    @Test func nodeThatFailsIsPassedOverAtOnce() throws {
        _ = search("a", "b", "c")
        #expect(asked == ["a"])
        try fail("a", .unavailable("a"))
        #expect(asked == ["a", "b"] && course.ends.isEmpty)
        try succeed("b", slots)
        network.advance(by: .seconds(60))
        #expect(asked == ["a", "b"] && course.ends.count == 1)
        #expect(try course.ends[0].get().nodes == [RedisEndpoint(host: "n", port: 1)])
    }

    @Test func nodeThatHangsIsPassedOverInAMoment() throws {
        _ = search("a", "b", "c")
        network.advance(by: RedisSlotSearch.pause)
        #expect(asked == ["a", "b"])
        network.advance(by: RedisSlotSearch.pause)
        #expect(asked == ["a", "b", "c"])
        try succeed("c", slots)
        try fail("a", .timedOut)
        try succeed("b", slots)
        #expect(course.ends.count == 1)
    }

    @Test func slowNodeIsWaitedForWhenAllOthersHaveFailed() throws {
        _ = search("a", "b", "c")
        network.advance(by: RedisSlotSearch.pause)
        try fail("a", .unavailable("a"))
        try fail("c", .unavailable("c"))
        network.advance(by: .seconds(60))
        #expect(course.ends.isEmpty)
        try succeed("b", slots)
        #expect(try course.ends.map { try $0.get().nodes.count } == [1])
    }

    @Test func searchFailsAsTheLastNodeDoes() throws {
        _ = search("a", "b")
        try fail("a", .unavailable("a"))
        try succeed("b", .array([]))
        #expect(
            course.ends.map { $0.map(\.nodes) } == [
                .failure(.unavailable("b:1 has no slots of a cluster"))
            ])
    }

    @Test func searchThatIsCancelledAsksNobodyElse() throws {
        let search = search("a", "b")
        search.cancel()
        try fail("a", .unavailable("the store is closed"))
        network.advance(by: .seconds(60))
        #expect(asked == ["a"] && course.ends.isEmpty)
    }

    @Test func manyNodesThatFailAtOnceDoNotNest() {
        let count = 20_000
        let candidates = (0..<count).map { RedisEndpoint(host: "\($0)", port: 1) }
        let search = RedisSlotSearch(candidates, on: network.loop) { endpoint, waiter in
            waiter(.failure(.unavailable(endpoint.host)))
        } end: { [course] in
            course.ends.append($0)
        }
        search.start()
        while course.ends.isEmpty { network.run() }
        #expect(course.ends.map { $0.map(\.nodes) } == [.failure(.unavailable("\(count - 1)"))])
    }
}
