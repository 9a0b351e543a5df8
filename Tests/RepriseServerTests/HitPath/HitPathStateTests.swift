import Testing

@testable import RepriseServer

struct HitPathStateTests {
    @Test func bytesAreExaminedAtTheFirstByteOfARequest() {
        var state = HitPathState()
        #expect(state.isKeptHere)
        #expect(state.receive(100) == .examine)
        #expect(state.receive(1) == .examine)
        #expect(state.isKeptHere)
    }

    @Test func nothingIsExaminedUntilTheResponseIsComplete() {
        var state = HitPathState()
        state.handOn(length: 10, available: 10)
        #expect(!state.isKeptHere)
        state.endResponse()
        #expect(state.isKeptHere)
        #expect(state.receive(1) == .examine)
    }

    @Test(arguments: [[4], [1, 3], [1, 1, 1, 1], [2, 0, 2]])
    func theRestOfABodyIsHandedOn(pieces: [Int]) {
        var state = HitPathState()
        state.handOn(length: 10, available: 6)
        for piece in pieces { #expect(state.receive(piece) == .handOn) }
        state.endResponse()
        #expect(state.receive(1) == .examine)
    }

    @Test(arguments: [[5], [3, 2], [4, 1]])
    func bytesBehindARequestThatIsOwedAnAnswerGiveTheConnectionAway(pieces: [Int]) {
        var state = HitPathState()
        state.handOn(length: 10, available: 6)
        for piece in pieces { #expect(state.receive(piece) == .handOn) }
        expectHandedOverForGood(state)
    }

    @Test func moreThanTheRequestGivesTheConnectionAway() {
        var state = HitPathState()
        state.handOn(length: 10, available: 11)
        expectHandedOverForGood(state)
    }

    @Test func whatIsNotPlainGivesTheConnectionAway() {
        var state = HitPathState()
        state.handOver()
        expectHandedOverForGood(state)
    }

    @Test func aResponseBeforeTheEndOfItsRequestGivesTheConnectionAway() {
        var state = HitPathState()
        state.handOn(length: 10, available: 9)
        state.endResponse()
        expectHandedOverForGood(state)
    }

    @Test func bytesBehindARequestThatIsBeingAnsweredAreKept() {
        var state = HitPathState()
        state.beginAnswering()
        #expect(state.receive(1) == .keep)
        #expect(state.isKeptHere)
        state.endResponse()
        #expect(state.receive(1) == .keep)
        state.endAnswering()
        #expect(state.receive(1) == .examine)
    }

    @Test func aResponseThatNobodyIsOwedChangesNothing() {
        var state = HitPathState()
        state.endResponse()
        #expect(state == HitPathState())
    }

    private func expectHandedOverForGood(_ given: HitPathState) {
        var state = given
        for _ in 0..<3 {
            #expect(!state.isKeptHere)
            #expect(state.receive(1) == .handOn)
            state.endResponse()
        }
    }
}
