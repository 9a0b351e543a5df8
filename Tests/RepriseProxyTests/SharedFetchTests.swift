import RepriseCore
import RepriseNetwork
import RepriseTesting
import Testing

@testable import RepriseProxy

/// Waiting for an upstream call on one loop or another, and giving it up.
struct SharedFetchTests {
    private let world = SimulatedWorld(seed: 1)
    private let host: SimulatedNetwork
    private static let head = ResponseHead(status: 200, headers: [])

    init() {
        host = world.addHost("proxy", loopCount: 2)
    }

    private var loop: SimulatedLoop { host.simulatedLoops[0] }
    private var otherLoop: SimulatedLoop { host.simulatedLoops[1] }

    /// Reads all there is whenever it is woken, unless it is told to be lazy.
    private final class Listener: FetchListener {
        var reader: FetchReader?
        var isLazy = false
        var wakes = 0
        var status: Int32?
        var text = ""
        var outcome: FetchState.News?

        func fetchChanged() {
            wakes += 1
            if !isLazy { readOn() }
        }

        func readOn() {
            guard let reader else { return }
            while true {
                let (head, news) = reader.look()
                status = head?.status
                switch news {
                case .bytes: reader.read(limit: 2) { text += Self.text($0) }
                case .nothing: return
                case .ended, .failed:
                    outcome = news
                    return
                }
            }
        }

        func fetchDelivered(_ bytes: Span<UInt8>) { text += Self.text(bytes) }

        private static func text(_ bytes: Span<UInt8>) -> String {
            bytes.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        }
    }

    private func fetch(keepLimit: Int = 100, finishesAlone: Bool = false) -> SharedFetch {
        let digest = Array(repeating: UInt8(1), count: 32)
        return SharedFetch(
            loop: loop, key: CacheKey(digest: digest.span), keepLimit: keepLimit,
            finishesAlone: finishesAlone)
    }

    private func listener(
        to fetch: SharedFetch, on loop: SimulatedLoop, storing: StoringTerms? = nil
    ) throws -> Listener {
        let listener = Listener()
        let added = loop.perform { fetch.addReader(listener, on: loop, storing: storing) }
        let reader: FetchReader = try #require(added)
        listener.reader = reader
        return listener
    }

    private func receive(_ text: String, _ fetch: SharedFetch) -> Bool {
        let bytes = Array(text.utf8)
        return loop.perform { fetch.receive(bytes.span) }
    }

    @Test func manyReadersSeeTheSameOnWhateverLoopTheyAre() throws {
        let fetch = fetch()
        let listeners = try (0..<20).map {
            try listener(to: fetch, on: $0 % 2 == 0 ? loop : otherLoop)
        }
        loop.perform { fetch.began(Self.head, expectedLength: nil) }
        for text in ["a", "bcd", "e"] {
            #expect(receive(text, fetch))
            world.run(for: .milliseconds(1))
        }
        loop.perform { fetch.end(.complete(.stored)) }
        world.runUntilIdle()
        for listener in listeners {
            #expect(listener.status == 200)
            #expect(listener.text == "abcde")
            #expect(listener.outcome == .ended(.stored))
        }
    }

    @Test func liveReaderOfTheSameLoopIsHandedTheBytes() throws {
        let fetch = fetch()
        let local = try listener(to: fetch, on: loop)
        let remote = try listener(to: fetch, on: otherLoop)
        #expect(local.reader?.isLocal == true)
        #expect(remote.reader?.isLocal == false)
        for listener in [local, remote] { listener.reader?.setLive(true) }
        local.isLazy = true
        #expect(receive("abc", fetch))
        world.runUntilIdle()
        #expect(local.text == "abc")
        #expect(local.wakes == 0)
        #expect(remote.text == "abc")
        #expect(remote.wakes == 1)
    }

    @Test func failureReachesWhoWaitsForTheHead() throws {
        let fetch = fetch()
        let listener = try listener(to: fetch, on: otherLoop)
        loop.perform { fetch.end(.failed(.timedOut)) }
        world.runUntilIdle()
        #expect(listener.status == nil)
        #expect(listener.outcome == .failed(.timedOut))
    }

    @Test func readerIsWokenOnceUntilItLooks() throws {
        let fetch = fetch()
        let listener = try listener(to: fetch, on: loop)
        listener.isLazy = true
        for text in ["a", "b", "c"] { #expect(receive(text, fetch)) }
        #expect(listener.wakes == 1)
        loop.perform { listener.readOn() }
        #expect(listener.text == "abc")
        #expect(receive("d", fetch))
        #expect(listener.wakes == 2)
    }

    @Test func readerThatLeavesIsNotWokenAndWakesNobody() throws {
        let fetch = fetch()
        let leaving = try listener(to: fetch, on: loop)
        let staying = try listener(to: fetch, on: loop)
        loop.perform { leaving.reader?.leave() }
        world.runUntilIdle()
        #expect(staying.wakes == 0)
        #expect(receive("a", fetch))
        #expect(leaving.wakes == 0)
        #expect(staying.text == "a")
    }

    @Test func callThatEverybodyHasLeftTakesNoReader() throws {
        let fetch = fetch()
        let listener = try listener(to: fetch, on: loop)
        loop.perform { listener.reader?.leave() }
        let late = loop.perform { fetch.addReader(listener, on: loop, storing: nil) == nil }
        #expect(late)
    }

    @Test func callGoesOnAloneWhileItsResponseMayBeStored() throws {
        let terms = StoringTerms(ttl: 5, tags: [], namespace: nil)
        let fetch = fetch(finishesAlone: true)
        let first = try listener(to: fetch, on: loop, storing: terms)
        loop.perform { first.reader?.leave() }
        let second = try listener(to: fetch, on: loop)
        loop.perform {
            fetch.setStorable(false)
            second.reader?.leave()
        }
        let late = loop.perform { fetch.addReader(second, on: loop, storing: nil) == nil }
        #expect(late)
    }

    @Test func upstreamWaitsForRoomUntilAReaderReads() throws {
        let fetch = fetch(keepLimit: 0)
        let listener = try listener(to: fetch, on: otherLoop)
        listener.isLazy = true
        let window = String(repeating: "a", count: 1 << 20)
        #expect(receive(window, fetch))
        #expect(!receive("b", fetch))
        otherLoop.perform { listener.reader?.read(limit: 10) { _ in } }
        #expect(receive("c", fetch))
    }

    @Test func firstReaderThatAllowsStoringDecidesItsTerms() throws {
        let fetch = fetch()
        _ = try listener(to: fetch, on: loop)
        #expect(fetch.terms == nil)
        for ttl: Int64 in [5, 9] {
            _ = try listener(
                to: fetch, on: loop, storing: StoringTerms(ttl: ttl, tags: [], namespace: nil))
        }
        #expect(fetch.terms?.ttl == 5)
    }

    @Test func responseThatIsTooLongIsNotKept() throws {
        let fetch = fetch(keepLimit: 2)
        let listener = try listener(to: fetch, on: loop)
        #expect(receive("ab", fetch))
        #expect(fetch.keptBody == Array("ab".utf8))
        #expect(listener.reader?.isKept == true)
        #expect(receive("c", fetch))
        #expect(fetch.keptBody == nil)
        #expect(listener.reader?.isKept == false)
        #expect(fetch.receivedCount == 3)
    }
}
