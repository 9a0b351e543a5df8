import NIOCore
import RepriseCore
import Synchronization
import Testing

@testable import RepriseProxy

/// Waiting for an upstream call, and giving it up.
@Suite(.timeLimit(.minutes(5)))
struct FlightTests {
    static let head = ResponseHead(status: 200, headers: [])

    private func flight(retention: Int = 100, keepsGoingAlone: Bool = false) -> Flight {
        Flight(retention: retention, window: 4, keepsGoingAlone: keepsGoingAlone)
    }

    @Test func manyReadersSeeTheSameWhateverTheirTiming() async throws {
        let flight = flight()
        let leader = FlightReader(leading: flight)
        let readers = try (0..<20).map { _ in try #require(flight.join(storing: nil)) }
        try await withThrowingTaskGroup(of: String.self) { group in
            for reader in readers + [leader] {
                group.addTask {
                    guard case .head(let head) = await reader.arrival({ _ in false }) else {
                        return "no head"
                    }
                    var text = String(head.status)
                    while let buffers = try await reader.next() {
                        for buffer in buffers { text += String(buffer: buffer) }
                    }
                    return text
                }
            }
            flight.receive(head: Self.head)
            for text in ["a", "b", "c"] {
                #expect(flight.receive(ByteBuffer(string: text)))
                await Task.yield()
            }
            flight.finish(.complete(.stored))
            for try await text in group { #expect(text == "200abc") }
        }
        #expect(leader.storingResult == .stored)
    }

    @Test func failureReachesWhoWaitsForTheHead() async throws {
        let flight = flight()
        let reader = FlightReader(leading: flight)
        await withTaskGroup(of: FlightReader.Arrival.self) { group in
            group.addTask { await reader.arrival { _ in false } }
            flight.finish(.failed(.upstream(.timedOut)))
            #expect(await group.next() == .failure(.upstream(.timedOut)))
        }
    }

    @Test func cancelledTaskStopsWaiting() async {
        let reader = FlightReader(leading: flight())
        await withTaskGroup(of: FlightFailure?.self) { group in
            group.addTask {
                do throws(FlightFailure) {
                    _ = try await reader.next()
                    return nil
                } catch {
                    return error
                }
            }
            group.cancelAll()
            #expect(await group.next() == .cancelled)
        }
    }

    /// Stands in for the call of a flight; returns when the flight cancels it.
    private func waitUntilCancelled(_ flight: Flight) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await flight.cancellation.whileCancellable {
                    let (nothing, continuation) = AsyncStream.makeStream(of: Never.self)
                    for await _ in nothing {}
                    continuation.finish()
                }
            }
        }
    }

    @Test func readerThatLeavesStopsWaitingAndAbandonsTheCall() async throws {
        let flight = flight()
        let reader = FlightReader(leading: flight)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await waitUntilCancelled(flight) }
            reader.leave()
        }
        await #expect(throws: FlightFailure.left) { try await reader.next() }
        #expect(flight.join(storing: nil) == nil)
    }

    @Test func releasedReaderLeaves() async {
        let flight = flight()
        do {
            let reader = FlightReader(leading: flight)
            #expect(reader.storingResult == nil)
        }
        await waitUntilCancelled(flight)
        #expect(flight.join(storing: nil) == nil)
    }

    @Test func callThatIsNoLongerWorthFinishingIsAbandoned() async {
        let flight = flight(keepsGoingAlone: true)
        FlightReader(leading: flight).leave()
        #expect(flight.join(storing: nil) != nil)
        flight.stopKeepingAlone()
        await waitUntilCancelled(flight)
    }

    @Test func upstreamWaitsForRoomUntilAReaderReads() async throws {
        let flight = flight(retention: 0)
        let reader = FlightReader(leading: flight)
        #expect(!flight.receive(ByteBuffer(string: "abcdef")))
        let (rooms, room) = AsyncStream.makeStream(of: Void.self)
        #expect(!flight.hasRoom { room.finish() })
        let buffers = try await reader.next()
        #expect(buffers == [ByteBuffer(string: "abcdef")])
        for await _ in rooms {}
        #expect(flight.hasRoom {})
    }

    @Test func wholeBodyIsWaitedForOrKnownToBeTooLong() async throws {
        let whole = flight()
        let reader = FlightReader(leading: whole)
        whole.receive(head: Self.head)
        #expect(whole.receive(ByteBuffer(string: "ab")))
        #expect(whole.receive(ByteBuffer(string: "c")))
        #expect(await reader.arrival { _ in false } == .head(Self.head))
        #expect(reader.arrival(orElse: {}) { _ in true } == nil)
        whole.finish(.complete(.notAsked))
        #expect(
            await reader.arrival { _ in true } == .whole(Self.head, length: 3, .notAsked))
        #expect(whole.retainedBody == ByteBuffer(string: "abc"))

        let long = flight(retention: 2)
        let other = FlightReader(leading: long)
        long.receive(head: Self.head)
        #expect(!long.receive(ByteBuffer(string: "abc")))
        #expect(await other.arrival { _ in true } == .head(Self.head))
    }

    /// Counts how often somebody was woken.
    private final class Alarm: Sendable {
        private let count = Atomic(0)

        var rings: Int { count.load(ordering: .relaxed) }

        func ring() {
            count.add(1, ordering: .relaxed)
        }
    }

    @Test func pollingReaderIsWokenOnceByTheNextChange() {
        let flight = flight()
        let reader = FlightReader(leading: flight)
        let alarm = Alarm()
        #expect(reader.next(orElse: alarm.ring) == .wait)
        #expect(alarm.rings == 0)
        #expect(flight.receive(ByteBuffer(string: "a")))
        #expect(flight.receive(ByteBuffer(string: "b")))
        #expect(alarm.rings == 1)
        #expect(
            reader.next(orElse: alarm.ring)
                == .deliver([ByteBuffer(string: "a"), ByteBuffer(string: "b")]))
        flight.finish(.complete(.stored))
        #expect(alarm.rings == 1)
        #expect(reader.next(orElse: alarm.ring) == .finish)
    }

    @Test func readerThatLeavesWakesNobodyElse() throws {
        let flight = flight()
        let leader = FlightReader(leading: flight)
        let other = try #require(flight.join(storing: nil))
        let (alarm, others) = (Alarm(), Alarm())
        #expect(leader.next(orElse: alarm.ring) == .wait)
        #expect(other.next(orElse: others.ring) == .wait)
        leader.leave()
        #expect(alarm.rings == 1)
        #expect(others.rings == 0)
        #expect(leader.next(orElse: alarm.ring) == .cut)
    }

    @Test func callIsWokenWhenThereIsRoomOrNothingToWaitForAnyMore() {
        let flight = flight(retention: 0)
        let reader = FlightReader(leading: flight)
        let alarm = Alarm()
        #expect(!flight.receive(ByteBuffer(string: "abcdef")))
        #expect(!flight.hasRoom(orElse: alarm.ring))
        #expect(reader.next(orElse: {}) == .deliver([ByteBuffer(string: "abcdef")]))
        #expect(alarm.rings == 1)
        #expect(!flight.receive(ByteBuffer(string: "ghijkl")))
        #expect(!flight.hasRoom(orElse: alarm.ring))
        flight.finish(.failed(.cancelled))
        #expect(alarm.rings == 2)
        #expect(flight.hasRoom(orElse: alarm.ring))
    }

    @Test func firstReaderThatAllowsStoringDecidesItsTerms() {
        let flight = flight()
        let leader = FlightReader(leading: flight)
        #expect(flight.storing == nil)
        let terms = StoringTerms(ttl: 5, tags: [], namespace: nil)
        let others = [
            flight.join(storing: nil), flight.join(storing: terms),
            flight.join(storing: StoringTerms(ttl: 9, tags: [], namespace: nil)),
        ]
        #expect(others.count { $0 != nil } == 3)
        #expect(flight.storing?.ttl == 5)
        leader.leave()
    }
}
