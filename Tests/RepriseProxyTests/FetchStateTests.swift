import RepriseCore
import Testing

@testable import RepriseProxy

/// The state machine of one upstream call and its readers.
struct FetchStateTests {
    private func state(
        keepLimit: Int = 100, window: Int = 10, goesOnAlone: Bool = false, readers: Int = 1,
        receiving texts: String...
    ) -> FetchState {
        var state = FetchState(keepLimit: keepLimit, window: window, goesOnAlone: goesOnAlone)
        for place in 0..<readers {
            let id = state.addReader()
            #expect(id == place)
        }
        for text in texts { receive(text, &state) }
        return state
    }

    @discardableResult
    private func receive(_ text: String, _ state: inout FetchState) -> [Int] {
        let bytes = Array(text.utf8)
        return state.receive(bytes.span)
    }

    private func read(_ id: Int, _ state: inout FetchState, limit: Int = .max >> 1) -> String {
        var text = ""
        state.read(id, limit: limit) { bytes in
            for index in bytes.indices { text.unicodeScalars.append(.init(bytes[index])) }
        }
        return text
    }

    @Test func readerGetsAllThatHasComeAndThenWaits() {
        var state = state(receiving: "a", "b")
        #expect(state.news(for: 0) == .bytes)
        #expect(read(0, &state) == "ab")
        #expect(state.news(for: 0) == .nothing)
        #expect(read(0, &state) == "")
        receive("c", &state)
        #expect(read(0, &state) == "c")
        state.end(.complete(.stored))
        #expect(state.news(for: 0) == .ended(.stored))
    }

    @Test(arguments: 1...7)
    func readerReadsInPiecesOfItsOwnSize(limit: Int) {
        var state = state(receiving: "abc", "def", "g")
        var pieces: [String] = []
        while state.news(for: 0) == .bytes { pieces.append(read(0, &state, limit: limit)) }
        #expect(pieces.joined() == "abcdefg")
        #expect(pieces.dropLast().allSatisfy { $0.count == limit })
    }

    @Test func lateReaderStartsAtTheFirstByteWhileAllIsKept() {
        var state = state(receiving: "a", "b")
        _ = read(0, &state)
        let late = state.addReader()
        #expect(late == 1)
        #expect(read(1, &state) == "ab")
        #expect(state.keptBody == Array("ab".utf8))
    }

    @Test func keepLimitIsCountedToTheByte() {
        var state = state(keepLimit: 3, receiving: "abc")
        #expect(state.isKept)
        #expect(state.keptBody == Array("abc".utf8))
        receive("d", &state)
        #expect(!state.isKept)
        #expect(state.keptBody == nil)
        let late = state.addReader()
        #expect(late == nil)
        #expect(read(0, &state) == "abcd")
        #expect(state.receivedCount == 4)
    }

    @Test func fastestReaderSetsThePaceOfALongResponse() {
        var state = state(keepLimit: 0, window: 4, receiving: "abcd")
        #expect(state.hasRoom)
        receive("e", &state)
        #expect(!state.hasRoom)
        _ = read(0, &state, limit: 1)
        #expect(state.hasRoom)
    }

    @Test func keptResponseAlwaysHasRoom() {
        #expect(state(keepLimit: 100, window: 1, receiving: "abcdef").hasRoom)
    }

    @Test func callThatHasEndedNeedsNoRoom() {
        var state = state(keepLimit: 0, window: 1, receiving: "abcdef")
        #expect(!state.hasRoom)
        state.end(.failed(.timedOut))
        #expect(state.hasRoom)
    }

    @Test func slowReaderIsDismissedRatherThanStallingTheOthers() {
        var state = state(keepLimit: 6, window: 4, readers: 2, receiving: "abc")
        _ = read(0, &state)
        receive("defg", &state)
        // The reader lags by seven bytes of which the window lets four stand, once the other has
        // read on.
        #expect(state.news(for: 1) == .bytes)
        #expect(read(0, &state) == "defg")
        #expect(state.news(for: 1) == .failed(.tooSlow))
        #expect(read(1, &state) == "")
        #expect(state.news(for: 0) == .nothing)
        receive("hijk", &state)
        #expect(read(0, &state) == "hijk")
    }

    @Test func readerWithinTheWindowLosesNothing() {
        var state = state(keepLimit: 3, window: 4, readers: 2, receiving: "abc")
        #expect(read(1, &state) == "abc")
        _ = read(0, &state)
        receive("defg", &state)
        #expect(read(0, &state) == "defg")
        #expect(read(1, &state, limit: 3) == "def")
        #expect(read(1, &state) == "g")
    }

    /// What readers have read is dropped, in steps; whatever they do, each sees the same bytes.
    @Test(arguments: [0, 3, 20, 1000], [1, 2, 5, 16])
    func longResponseIsTheSameForReadersOfDifferentPace(keepLimit: Int, piece: Int) {
        let text = (0..<200).map { String(UnicodeScalar(UInt8(97 + $0 % 26))) }.joined()
        var state = state(keepLimit: keepLimit, window: 16, readers: 2)
        var seen = ["", ""]
        var rest = text[...]
        while !rest.isEmpty {
            receive(String(rest.prefix(piece)), &state)
            rest = rest.dropFirst(piece)
            seen[0] += read(0, &state)
            if rest.count % 3 == 0 { seen[1] += read(1, &state, limit: 2 * piece) }
            while state.receivedCount - seen[1].count > 10 {
                seen[1] += read(1, &state, limit: piece)
            }
        }
        state.end(.complete(.notAsked))
        while state.news(for: 1) == .bytes { seen[1] += read(1, &state, limit: piece) }
        #expect(seen == [text, text])
        #expect(state.news(for: 0) == .ended(.notAsked))
        #expect(state.news(for: 1) == .ended(.notAsked))
    }

    @Test func liveReaderIsHandedWhatComesAndHasReadIt() {
        var state = state(receiving: "a")
        state.setLive(0, true)
        // It has not read what came before.
        #expect(receive("b", &state) == [])
        #expect(read(0, &state) == "ab")
        state.setLive(0, true)
        #expect(receive("c", &state) == [0])
        #expect(state.news(for: 0) == .nothing)
        state.setLive(0, false)
        #expect(receive("d", &state) == [])
        #expect(read(0, &state) == "d")
        #expect(state.keptBody == Array("abcd".utf8))
    }

    @Test func bytesThatAllWereHandedAreNotHeld() {
        var state = state(keepLimit: 2, window: 4, readers: 2)
        state.setLive(0, true)
        state.setLive(1, true)
        #expect(Set(receive("abcdef", &state)) == [0, 1])
        #expect(state.hasRoom)
        state.setLive(1, false)
        #expect(receive("gh", &state) == [0])
        #expect(read(1, &state) == "gh")
        #expect(state.news(for: 0) == .nothing)
    }

    @Test func callIsAbandonedWhenEverybodyHasLeft() {
        var state = state(readers: 2)
        state.removeReader(0)
        #expect(!state.isAbandoned)
        state.removeReader(1)
        #expect(state.isAbandoned)
        let late = state.addReader()
        #expect(late == nil)
        #expect(state.news(for: 0) == .failed(.cancelled))
    }

    @Test func callThatGoesOnAloneCanBeJoinedAgain() {
        var state = state(goesOnAlone: true, receiving: "a")
        state.removeReader(0)
        #expect(!state.isAbandoned)
        let late = state.addReader()
        #expect(late == 1)
        #expect(read(1, &state) == "a")
        state.removeReader(1)
        state.setGoesOnAlone(false)
        #expect(state.isAbandoned)
    }

    @Test func callThatHasEndedIsNotAbandoned() {
        var state = state()
        state.end(.complete(.stored))
        state.removeReader(0)
        #expect(!state.isAbandoned)
    }

    @Test func firstOutcomeStands() {
        var state = state()
        state.end(.failed(.timedOut))
        state.end(.complete(.stored))
        #expect(state.outcome == .failed(.timedOut))
        #expect(state.news(for: 0) == .failed(.timedOut))
    }

    @Test func whatHasComeIsDeliveredBeforeTheFailure() {
        var state = state(receiving: "a")
        state.end(.failed(.connectionLost))
        #expect(state.news(for: 0) == .bytes)
        #expect(read(0, &state) == "a")
        #expect(state.news(for: 0) == .failed(.connectionLost))
    }

    @Test func emptyBodyEnds() {
        var state = state()
        state.began(ResponseHead(status: 200, headers: []), expectedLength: 0)
        state.end(.complete(.stored))
        #expect(state.head?.status == 200)
        #expect(state.keptBody == [])
        #expect(state.news(for: 0) == .ended(.stored))
    }

    /// A length that an upstream declares is no reason to take that much memory, or to fail.
    @Test(arguments: [0, 1, Int.max])
    func declaredLengthIsOnlyAHint(length: Int) {
        var state = state(keepLimit: 10)
        state.began(ResponseHead(status: 200, headers: []), expectedLength: length)
        receive("abc", &state)
        #expect(read(0, &state) == "abc")
    }
}
