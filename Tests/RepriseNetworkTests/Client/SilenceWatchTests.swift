import Testing

@testable import RepriseNetwork

/// Telling how long a peer has kept still.
struct SilenceWatchTests {
    private func at(_ seconds: Int64) -> MonotonicTime {
        MonotonicTime(nanoseconds: seconds * 1_000_000_000)
    }

    private func expect(
        _ watch: inout SilenceWatch, _ now: MonotonicTime, _ turn: SilenceWatch.Turn, taken: Int64,
        _ next: Duration?
    ) {
        let result = watch.check(now, turn: turn, takenBytes: taken)
        #expect(result == next)
    }

    @Test func peerThatKeepsStillIsTimedOutAfterTheLimit() {
        var watch = SilenceWatch(limit: .seconds(10), now: at(0))
        expect(&watch, at(5), .peer, taken: 0, .seconds(5))
        watch.note(at(7))
        expect(&watch, at(10), .peer, taken: 0, .seconds(7))
        expect(&watch, at(17), .peer, taken: 0, nil)
    }

    @Test func peerThatWaitsForUsIsNot() {
        var watch = SilenceWatch(limit: .seconds(10), now: at(0))
        expect(&watch, at(50), .ours, taken: 0, .seconds(10))
        expect(&watch, at(60), .peer, taken: 0, nil)
    }

    @Test func peerThatTakesBytesIsNotTimedOutAndOneThatTakesNoneIs() {
        var watch = SilenceWatch(limit: .seconds(10), now: at(0))
        expect(&watch, at(1), .peer, taken: 100, .seconds(9))
        expect(&watch, at(10), .peer, taken: 140, .seconds(10))
        expect(&watch, at(20), .peer, taken: 150, .seconds(10))
        expect(&watch, at(30), .peer, taken: 150, nil)
    }

    /// What was written before the peer's turn began leaves a little later, and is no sign of life.
    @Test func bytesThatLeaveAtTheBeginningDoNotCount() {
        var watch = SilenceWatch(limit: .seconds(10), now: at(0))
        expect(&watch, at(1), .peer, taken: 100, .seconds(9))
        expect(&watch, at(10), .peer, taken: 100, nil)
        watch.begin(at(20))
        expect(&watch, at(21), .peer, taken: 200, .seconds(9))
        expect(&watch, at(30), .peer, taken: 200, nil)
        #expect(watch.firstLook == .seconds(1))
        #expect(SilenceWatch(limit: .milliseconds(100), now: at(0)).firstLook < .milliseconds(100))
    }
}
