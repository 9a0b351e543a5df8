import RepriseSimulator
import Testing

/// Which response a request gets.
struct ScriptTests {
    private func status(_ script: Script, _ method: String, _ target: String) -> Int? {
        let request = SimulatedRequest(method: method, target: target)
        guard case .head(let status, _, _) = script.response(to: request).steps.first else {
            return nil
        }
        return status
    }

    @Test func firstRuleThatFitsAnswersAndItsLastAnswerRepeats() {
        let script = Script(
            rules: [
                .init(path: "/empty", answers: []),
                .init(
                    method: "POST", path: "/a",
                    answers: [.json("1", status: 201), .json("2", status: 202)]),
                .init(path: "/a", answers: [.json("3", status: 203)]),
            ],
            otherwise: Script { $0.path == "/b" ? .json("4", status: 204) : nil })
        #expect(status(script, "POST", "/a?q") == 201)
        #expect(status(script, "GET", "/a") == 203)
        #expect(status(script, "POST", "/a") == 202)
        #expect(status(script, "POST", "/a") == 202)
        #expect(status(script, "POST", "/b") == 204)
        #expect(status(script, "POST", "/empty") == 404)
        #expect(status(Script(rules: []), "GET", "/") == 404)
    }

    @Test func sequenceCountsOverAllPaths() {
        let script = Script.sequence([.json("1", status: 500), .json("2", status: 200)])
        #expect(status(script, "GET", "/a") == 500)
        #expect(status(script, "GET", "/b") == 200)
        #expect(status(script, "GET", "/c") == 200)
    }

    @Test func brokenAndGatedResponsesKeepTheirPiecesInOrder() {
        let stream = SimulatedResponse.eventStream(["a", "b", "c"])
        #expect(stream.broken(afterPieces: 0).steps.count == 2)
        #expect(stream.broken(afterPieces: 2, by: .reset).steps.count == 4)
        #expect(stream.broken(afterPieces: 9).steps.count == 5)
        let gated = stream.gated(by: Gate(), afterPieces: 1).steps
        guard case .pause = gated[2] else {
            Issue.record("the gate stands elsewhere: \(gated)")
            return
        }
        #expect(gated.count == 6)
    }
}
