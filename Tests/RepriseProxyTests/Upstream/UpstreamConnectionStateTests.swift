import NIOCore
import RepriseCore
import Testing

@testable import RepriseProxy

/// What a connection to an upstream does about each event, without I/O.
struct UpstreamConnectionStateTests {
    typealias Action = UpstreamConnectionState.Action

    static let response = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab"
    static let head = ResponseHead(
        status: 200, headers: [HeaderField(name: .init("content-length"), value: .init("2"))])

    /// A connection that owes a response.
    private func busy(isWhole: Bool = true) -> UpstreamConnectionState {
        var state = UpstreamConnectionState()
        expectBegin(&state, true, isWhole: isWhole)
        return state
    }

    private func expectBegin(
        _ state: inout UpstreamConnectionState, _ expected: Bool, isWhole: Bool = true
    ) {
        let isBegun = state.begin(isHead: false, isWhole: isWhole)
        #expect(isBegun == expected)
    }

    private func expectEnd(
        _ state: inout UpstreamConnectionState, isClean: Bool, _ expected: Action
    ) {
        let action = state.receiveEnd(isClean: isClean)
        #expect(action == expected)
    }

    private func receive(_ text: String, _ state: inout UpstreamConnectionState) -> [Action] {
        var buffer = ByteBuffer(string: text)
        var actions: [Action] = []
        repeat { actions.append(state.receive(&buffer)) } while actions.last?.isFollowed == true
        return actions
    }

    private func expect(
        _ text: String, _ state: inout UpstreamConnectionState, _ expected: [Action]
    ) {
        let actions = receive(text, &state)
        #expect(actions == expected)
    }

    private func expect(
        _ text: String, _ state: inout UpstreamConnectionState, endingWith expected: Action
    ) {
        let actions = receive(text, &state)
        #expect(actions.last == expected)
    }

    @Test func responseIsPassedOnAndTheConnectionIsFreeAgain() {
        var state = busy()
        expectBegin(&state, false)
        for _ in 0..<2 {
            expect(
                Self.response, &state,
                [
                    .head(Self.head, isFramed: true), .body(ByteBuffer(string: "ab")),
                    .end(keepsAlive: true),
                ])
            #expect(!state.isBusy)
            expectBegin(&state, true)
        }
    }

    @Test(arguments: ["HTTP/1.1 408 Request Timeout\r\n", "a"])
    func bytesThatNobodyAskedForCloseTheConnection(bytes: String) {
        var state = UpstreamConnectionState()
        expect("", &state, [.wait])
        expect(bytes, &state, [.close])
        expect(Self.response, &state, [.wait])
        expectBegin(&state, false)
    }

    @Test func bytesBehindAResponseEndTheConnection() {
        var state = busy()
        expect(Self.response + "H", &state, endingWith: .end(keepsAlive: false))
        expectBegin(&state, false)
    }

    @Test func earlyAnswerIsWholeAndEndsTheConnection() {
        var state = busy(isWhole: false)
        #expect(state.isSending)
        expect(Self.response, &state, endingWith: .end(keepsAlive: false))
        state.endRequest()
        expectBegin(&state, false)
    }

    @Test func answerToAnUploadThatWasSentLeavesTheConnectionFree() {
        var state = busy(isWhole: false)
        expect(String(Self.response.prefix(20)), &state, [.wait])
        state.endRequest()
        var again = busy(isWhole: false)
        again.endRequest()
        expect(Self.response, &again, endingWith: .end(keepsAlive: true))
    }

    @Test(arguments: [true, false]) func endOfTheConnectionAtEachPoint(isClean: Bool) {
        var idle = UpstreamConnectionState()
        expectEnd(&idle, isClean: isClean, .close)
        expectEnd(&idle, isClean: isClean, .wait)
        expectBegin(&idle, false)
        for count in 0..<Self.response.count {
            var state = busy()
            _ = receive(String(Self.response.prefix(count)), &state)
            expectEnd(&state, isClean: isClean, .fail)
            expectEnd(&state, isClean: isClean, .wait)
        }
    }

    @Test func bodyThatTheConnectionsEndDelimitsIsWholeOnlyAfterACleanEnd() {
        for isClean in [true, false] {
            var state = busy()
            expect(
                "HTTP/1.1 200 OK\r\n\r\nab", &state,
                [
                    .head(ResponseHead(status: 200, headers: []), isFramed: false),
                    .body(ByteBuffer(string: "ab")), .wait,
                ])
            expectEnd(&state, isClean: isClean, isClean ? .end(keepsAlive: false) : .fail)
        }
    }

    @Test func malformedResponseEndsTheConnection() {
        var state = busy()
        expect("SSH-2.0-OpenSSH\r\n", &state, [.fail])
        expect(Self.response, &state, [.wait])
        #expect(!state.isBusy)
    }
}

extension UpstreamConnectionState.Action {
    /// Whether more is to be asked for.
    fileprivate var isFollowed: Bool {
        switch self {
        case .head, .body: true
        case .wait, .end, .fail, .close: false
        }
    }
}
