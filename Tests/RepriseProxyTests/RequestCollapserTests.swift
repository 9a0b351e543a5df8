import NIOCore
import RepriseCore
import Testing

@testable import RepriseProxy

/// Many askers, one call.
struct RequestCollapserTests {
    private let collapser = RequestCollapser()
    private let key: CacheKey

    init() throws {
        key = try Self.key(1)
    }

    private static func key(_ byte: UInt8) throws -> CacheKey {
        let digest = Array(repeating: byte, count: 32)
        let key = CacheKey(digest: digest.span)
        return try #require(key)
    }

    private func join(
        _ flight: Flight, recheck: () -> String? = { nil }
    ) -> RequestCollapser.Joined<String> {
        collapser.join(key, storing: nil, recheck: recheck) { flight }
    }

    private func flight(retention: Int = 10) -> Flight {
        Flight(retention: retention, keepsGoingAlone: true)
    }

    @Test func firstLeadsAndTheNextIsCollapsed() throws {
        let first = flight()
        guard case .leads(let leader, let led) = join(first) else {
            Issue.record("the first asker leads")
            return
        }
        #expect(led === first)
        #expect(collapser.isUnderWay(key))
        guard case .collapsed(let follower) = join(flight(), recheck: { "entry" }) else {
            Issue.record("the second asker joins, whatever is stored")
            return
        }
        leader.leave()
        follower.leave()
    }

    @Test func entryStoredOnTheWayIsFoundRatherThanFetchedAgain() {
        guard case .found(let found) = join(flight(), recheck: { "entry" }) else {
            Issue.record("the entry is found")
            return
        }
        #expect(found == "entry")
        #expect(!collapser.isUnderWay(key))
    }

    @Test func flightWhoseBeginningIsGoneIsReplacedAndDoesNotRemoveItsSuccessor() {
        let long = flight(retention: 0)
        let first = join(long)
        #expect(!long.receive(ByteBuffer(string: "a")))
        let successor = flight()
        guard case .leads(let reader, let led) = join(successor) else {
            Issue.record("the second asker leads a flight of its own")
            return
        }
        #expect(led === successor)
        collapser.remove(key, long)
        #expect(collapser.isUnderWay(key))
        collapser.remove(key, successor)
        #expect(!collapser.isUnderWay(key))
        reader.leave()
        _ = first
    }

    @Test func keysAreKeptApart() throws {
        let other = try Self.key(2)
        let first = join(flight())
        let second = collapser.join(other, storing: nil, recheck: { () -> String? in nil }) {
            flight()
        }
        guard case .leads = first, case .leads = second else {
            Issue.record("each key has a flight")
            return
        }
    }

    @Test func askerThatWantsNoOthersAnswerLeadsAFlightOfItsOwn() {
        let waiting = Flight(retention: 10, keepsGoingAlone: false, awaitsOthers: true)
        let first = join(waiting)
        let own = flight()
        let second = collapser.join(
            key, storing: nil, takesOthersAnswer: false, recheck: { () -> String? in nil }
        ) { own }
        guard case .leads(_, let led) = second else {
            Issue.record("a refresh does not wait for others")
            return
        }
        #expect(led === own)
        guard case .collapsed = join(flight()) else {
            Issue.record("who comes later joins the newer flight")
            return
        }
        collapser.remove(key, waiting)
        #expect(collapser.isUnderWay(key))
        _ = first
    }
}
