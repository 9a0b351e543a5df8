import NIOCore
import RepriseCore
import Testing

@testable import RepriseProxy

/// The state machine of one upstream call and its readers.
struct FlightStateTests {
    private let leader = FlightState.leader

    private func buffers(_ texts: String...) -> [ByteBuffer] {
        texts.map { ByteBuffer(string: $0) }
    }

    private func state(
        retention: Int = 100, window: Int = 10, keepsGoingAlone: Bool = false,
        receiving texts: String...
    ) -> FlightState {
        var state = FlightState(
            retention: retention, window: window, keepsGoingAlone: keepsGoingAlone)
        for text in texts { state.receive(ByteBuffer(string: text)) }
        return state
    }

    @Test func readerGetsAllThatHasComeAndThenWaits() {
        var state = state(receiving: "a", "b")
        #expect(state.next(for: leader) == .deliver(buffers("a", "b")))
        #expect(state.next(for: leader) == .wait)
        state.receive(ByteBuffer(string: "c"))
        #expect(state.next(for: leader) == .deliver(buffers("c")))
        state.finish(.complete(.stored))
        #expect(state.next(for: leader) == .finish)
    }

    @Test func lateReaderStartsAtTheFirstByteWhileAllIsRetained() throws {
        var state = state(receiving: "a", "b")
        _ = state.next(for: leader)
        let joined = state.addReader()
        let late = try #require(joined)
        #expect(state.next(for: late) == .deliver(buffers("a", "b")))
        #expect(state.retainedChunks == buffers("a", "b"))
    }

    @Test func retentionIsCountedToTheByte() {
        var state = state(retention: 3, receiving: "abc")
        #expect(state.isRetained)
        state.receive(ByteBuffer(string: "d"))
        #expect(!state.isRetained)
        #expect(state.retainedChunks == nil)
        #expect(state.addReader() == nil)
        #expect(state.next(for: leader) == .deliver(buffers("abc", "d")))
    }

    @Test func fastestReaderSetsThePaceOfALongResponse() {
        var state = state(retention: 0, window: 4, receiving: "abcd")
        #expect(state.hasRoom)
        state.receive(ByteBuffer(string: "e"))
        #expect(!state.hasRoom)
        _ = state.next(for: leader)
        #expect(state.hasRoom)
    }

    @Test func retainedResponseAlwaysHasRoom() {
        let state = state(retention: 100, window: 1, receiving: "abcdef")
        #expect(state.hasRoom)
    }

    @Test func slowReaderIsDismissedRatherThanStallingTheOthers() throws {
        var state = state(retention: 6, window: 4, receiving: "abc")
        let joined = state.addReader()
        let slow = try #require(joined)
        _ = state.next(for: leader)
        state.receive(ByteBuffer(string: "defg"))
        // The reader lags by seven bytes of which the window lets four stand, once the leader has
        // read on.
        #expect(state.failure(for: slow) == nil)
        _ = state.next(for: leader)
        #expect(state.failure(for: slow) == .tooSlow)
        #expect(state.next(for: slow) == .fail(.tooSlow))
        #expect(state.next(for: leader) == .wait)
    }

    @Test func readerWithinTheWindowLosesNothing() throws {
        var state = state(retention: 3, window: 4, receiving: "abc")
        let joined = state.addReader()
        let slow = try #require(joined)
        #expect(state.next(for: slow) == .deliver(buffers("abc")))
        _ = state.next(for: leader)
        state.receive(ByteBuffer(string: "defg"))
        _ = state.next(for: leader)
        #expect(state.next(for: slow) == .deliver(buffers("defg")))
    }

    @Test func callIsAbandonedWhenEverybodyHasLeft() throws {
        var state = state()
        let joined = state.addReader()
        let other = try #require(joined)
        state.removeReader(leader)
        #expect(!state.isAbandoned)
        state.removeReader(other)
        #expect(state.isAbandoned)
        #expect(state.addReader() == nil)
        #expect(state.next(for: leader) == .fail(.left))
    }

    @Test func callThatGoesOnAloneCanBeJoinedAgain() throws {
        var state = state(keepsGoingAlone: true, receiving: "a")
        state.removeReader(leader)
        #expect(!state.isAbandoned)
        let joined = state.addReader()
        let late = try #require(joined)
        #expect(state.next(for: late) == .deliver(buffers("a")))
        state.removeReader(late)
        state.keepsGoingAlone = false
        #expect(state.isAbandoned)
    }

    @Test func firstOutcomeStands() {
        var state = state()
        state.finish(.failed(.upstream(.timedOut)))
        state.finish(.complete(.stored))
        #expect(state.outcome == .failed(.upstream(.timedOut)))
        #expect(state.next(for: leader) == .fail(.upstream(.timedOut)))
    }

    @Test func whatHasComeIsDeliveredBeforeTheFailure() {
        var state = state(receiving: "a")
        state.finish(.failed(.upstream(.connectionLost)))
        #expect(state.next(for: leader) == .deliver(buffers("a")))
        #expect(state.next(for: leader) == .fail(.upstream(.connectionLost)))
    }

    @Test func readerThatWantsNoOthersAnswerJoinsOnlyAnOwnCall() {
        var state = FlightState(
            retention: 10, window: 10, keepsGoingAlone: false, awaitsOthers: true)
        let choosy = state.addReader(takesOthersAnswer: false)
        #expect(choosy == nil)
        let other = state.addReader(takesOthersAnswer: true)
        #expect(other != nil)
        let hasBegun = state.beginOwnCall(keepsGoingAlone: true)
        #expect(hasBegun)
        #expect(state.keepsGoingAlone)
        let late = state.addReader(takesOthersAnswer: false)
        #expect(late != nil)
    }

    @Test func callThatWasGivenUpDoesNotBegin() {
        var state = FlightState(
            retention: 10, window: 10, keepsGoingAlone: false, awaitsOthers: true)
        state.removeReader(leader)
        let hasBegun = state.beginOwnCall(keepsGoingAlone: true)
        #expect(!hasBegun)
        #expect(state.isAbandoned)
    }

    @Test func othersAnswerIsReplayedWholeHoweverLongItIs() throws {
        var state = FlightState(
            retention: 2, window: 1, keepsGoingAlone: false, awaitsOthers: true)
        let joined = state.addReader()
        let slow = try #require(joined)
        state.replay(head: FlightTests.head, body: ByteBuffer(string: "abcdef"))
        state.finish(.complete(.stored))
        #expect(state.next(for: leader) == .deliver(buffers("abcdef")))
        #expect(state.next(for: slow) == .deliver(buffers("abcdef")))
        #expect(state.next(for: slow) == .finish)
        #expect(state.retainedChunks == buffers("abcdef"))
    }

    @Test func othersAnswerMayBeEmpty() {
        var state = FlightState(
            retention: 2, window: 1, keepsGoingAlone: false, awaitsOthers: true)
        state.replay(head: FlightTests.head, body: ByteBuffer())
        state.finish(.complete(.stored))
        #expect(state.next(for: leader) == .finish)
    }
}
