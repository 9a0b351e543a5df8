import RepriseCore
import RepriseNetwork
import RepriseStorage
import RepriseTesting
import Testing

@testable import RepriseProxy

/// Many who ask, one call.
struct FetchTableTests {
    private let table = FetchTable()
    private let world = SimulatedWorld(seed: 1)
    private let loop: SimulatedLoop
    private let key: CacheKey

    init() throws {
        loop = world.addHost("proxy").loop
        key = try Self.key(1)
    }

    private static func key(_ byte: UInt8) throws -> CacheKey {
        let digest = Array(repeating: byte, count: 32)
        let key = CacheKey(digest: digest.span)
        return try #require(key)
    }

    private final class Listener: FetchListener {
        func fetchChanged() {}
        func fetchDelivered(_ bytes: Span<UInt8>) {}
    }

    private func fetch(_ keepLimit: Int = 10, _ key: CacheKey? = nil) -> SharedFetch {
        SharedFetch(loop: loop, key: key ?? self.key, keepLimit: keepLimit, finishesAlone: false)
    }

    /// What a request gets that would make `fetch`.
    private enum Got: Equatable {
        case found
        case following(ObjectIdentifier)
        case leading(ObjectIdentifier)
        case nothing
    }

    private func join(
        _ fetch: SharedFetch, mayJoin: Bool = true, finding stored: StoredResponse? = nil
    ) -> Got {
        let joined = loop.perform {
            table.join(fetch.key ?? key, mayJoin: mayJoin) {
                stored
            } makeFetch: {
                fetch
            } read: {
                $0.addReader(Listener(), on: loop, storing: nil)
            }
        }
        switch joined {
        case .found: return .found
        case .following(let reader): return .following(ObjectIdentifier(reader.fetch))
        case .leading(let reader): return .leading(ObjectIdentifier(reader.fetch))
        case nil: return .nothing
        }
    }

    private var stored: StoredResponse {
        StoredResponse(
            metadata: EntryMetadata(
                status: 200, headers: [], storedAt: 0, ttl: nil, bodyLength: 0, bodyDigest: [],
                upstream: [], path: [], model: nil, namespace: nil, usage: nil, tags: [],
                credentialScope: [], chunks: []),
            body: [])
    }

    @Test func firstLeadsAndTheNextFollowsWhateverIsStored() {
        let first = fetch()
        #expect(join(first) == .leading(ObjectIdentifier(first)))
        #expect(table.isUnderWay(key))
        #expect(join(fetch(), finding: stored) == .following(ObjectIdentifier(first)))
    }

    @Test func entryStoredOnTheWayIsFoundRatherThanFetchedAgain() {
        #expect(join(fetch(), finding: stored) == .found)
        #expect(!table.isUnderWay(key))
    }

    @Test func fetchWhoseBeginningIsGoneIsReplacedAndDoesNotRemoveItsSuccessor() {
        let long = fetch(0)
        #expect(join(long) == .leading(ObjectIdentifier(long)))
        let bytes: [UInt8] = [1]
        _ = loop.perform { long.receive(bytes.span) }
        let successor = fetch()
        #expect(join(successor) == .leading(ObjectIdentifier(successor)))
        table.remove(long)
        #expect(table.isUnderWay(key))
        table.remove(successor)
        #expect(!table.isUnderWay(key))
    }

    @Test func keysAreKeptApart() throws {
        let (one, other) = (fetch(), fetch(10, try Self.key(2)))
        #expect(join(one) == .leading(ObjectIdentifier(one)))
        #expect(join(other) == .leading(ObjectIdentifier(other)))
    }

    @Test func whoWantsNoOthersAnswerLeadsAFetchThatLaterOnesJoin() {
        let first = fetch()
        #expect(join(first) == .leading(ObjectIdentifier(first)))
        let own = fetch()
        #expect(join(own, mayJoin: false) == .leading(ObjectIdentifier(own)))
        #expect(join(fetch()) == .following(ObjectIdentifier(own)))
        table.remove(first)
        #expect(table.isUnderWay(key))
    }

    @Test func fetchThatHasEndedIsTakenOut() {
        let first = fetch()
        #expect(join(first) == .leading(ObjectIdentifier(first)))
        table.remove(first)
        let second = fetch()
        #expect(join(second) == .leading(ObjectIdentifier(second)))
    }
}
