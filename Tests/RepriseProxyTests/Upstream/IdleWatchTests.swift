import NIOCore
import Testing

@testable import RepriseProxy

/// Telling how long a peer has kept still.
struct IdleWatchTests {
    private func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .seconds(seconds) }

    private func expect(
        _ watch: inout IdleWatch, _ now: NIODeadline, _ turn: IdleWatch.Turn, unwritten: Int,
        _ next: NIODeadline?
    ) {
        let result = watch.check(now, turn: turn, unwritten: unwritten)
        #expect(result == next)
    }

    @Test func peerThatKeepsStillIsTimedOutAfterTheLimit() {
        var watch = IdleWatch(limit: .seconds(10), now: at(0))
        expect(&watch, at(5), .peer, unwritten: 0, at(10))
        watch.note(at(7))
        expect(&watch, at(10), .peer, unwritten: 0, at(17))
        expect(&watch, at(17), .peer, unwritten: 0, nil)
    }

    @Test func peerThatWaitsForUsIsNot() {
        var watch = IdleWatch(limit: .seconds(10), now: at(0))
        expect(&watch, at(50), .ours, unwritten: 0, at(60))
        expect(&watch, at(60), .peer, unwritten: 0, nil)
    }

    @Test func peerThatTakesBytesIsNotTimedOutAndOneThatTakesNoneIs() {
        var watch = IdleWatch(limit: .seconds(10), now: at(0))
        watch.note(at(0), unwritten: 100)
        expect(&watch, at(10), .peer, unwritten: 60, at(20))
        expect(&watch, at(20), .peer, unwritten: 50, at(30))
        expect(&watch, at(30), .peer, unwritten: 50, nil)
    }
}
