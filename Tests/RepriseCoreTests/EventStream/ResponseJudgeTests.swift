import RepriseCore
import Testing

/// A response of `Tests/Vectors/commit-rules.json` and whether it is stored.
struct CommitRule: Decodable, CustomTestStringConvertible, Sendable {
    let name: String
    let endpoint: String
    let limitsOutput: Bool
    /// How many answers were asked for, if not one.
    let answers: Int64?
    let status: Int32
    let headers: [[String]]
    let framed: Bool
    let body: String
    /// `storable`, or the detail of the rejection.
    let expect: String
    let usage: [Int64]?

    var testDescription: String { name }

    static func all() throws -> [CommitRule] {
        try VectorFile.decode("commit-rules.json", as: [CommitRule].self)
    }

    var isStream: Bool { headers.contains { $0[1].hasPrefix("text/event-stream") } }

    /// A judge of this response.
    func judge(eventLimit: Int = 1 << 20) throws -> ResponseJudge {
        ResponseJudge(
            request: CacheableRequest(
                endpoint: try #require(Endpoint.match(path: ("/" + endpoint).wire)),
                keyMaterial: [], model: nil, wantsStream: false, limitsOutput: limitsOutput,
                answerCount: answers ?? 1),
            head: ResponseHead(
                status: status, headers: headers.map { HeaderField($0[0], $0[1]) }),
            eventLimit: eventLimit)
    }

    /// What becomes of a body that came in these chunks.
    func verdict(_ chunks: [[UInt8]]) throws -> ResponseJudge.Verdict {
        var judge = try judge()
        for chunk in chunks { judge.consume(chunk.span) }
        return judge.finish(body: Array(chunks.joined()).span, framingComplete: framed)
    }
}

extension ResponseJudge.Verdict {
    /// `storable`, or the detail of the rejection.
    var readable: String {
        switch self {
        case .storable: "storable"
        case .rejected(let rejection): rejection.detail.readable
        }
    }
}

struct ResponseJudgeTests {
    @Test(arguments: try CommitRule.all())
    func responseIsStoredOrRejected(rule: CommitRule) throws {
        let verdict = try rule.verdict([rule.body.wire])
        #expect(verdict.readable == rule.expect)
        if case .storable(let usage) = verdict {
            let counts = usage.map { [$0.inputTokens, $0.outputTokens, $0.cachedInputTokens] }
            #expect(counts == rule.usage)
        }
    }

    @Test(arguments: try CommitRule.all().filter(\.isStream))
    func chunksMakeNoDifference(rule: CommitRule) throws {
        let body = rule.body.wire
        let whole = try rule.verdict([body])
        #expect(try rule.verdict(body.map { [$0] }) == whole)
        for split in 0...body.count {
            #expect(try rule.verdict([Array(body[..<split]), Array(body[split...])]) == whole)
        }
    }

    @Test func tableCoversEveryRejection() throws {
        let seen = Set(try CommitRule.all().map(\.expect))
        // These two hang on limits, which the table does not set.
        let limits = [StoreRejection.eventTooLarge, .tooLarge].map(\.detail.readable)
        #expect(
            seen.union(limits) == Set(StoreRejection.allCases.map(\.detail.readable) + ["storable"])
        )
    }

    /// No beginning of a storable response may be stored, although its framing is complete.
    @Test(
        arguments: try CommitRule.all().filter {
            $0.expect == "storable" && $0.endpoint != "audio/speech" || $0.name == "speech stream"
        })
    func noTruncationIsStored(rule: CommitRule) throws {
        let body = rule.body.wire
        // What follows the end says nothing: without it the response is as whole.
        let end = rule.isStream ? Self.endOfEvents(body) : Self.endOfDocument(body)
        for length in 0..<end {
            let verdict = try rule.verdict([Array(body[..<length])])
            #expect(verdict.readable != "storable", "cut to \(length) of \(body.count) bytes")
        }
        #expect(try rule.verdict([Array(body[..<end])]).readable == "storable")
    }

    /// A stream is the same however its lines end, and so is each beginning of it.
    @Test(
        arguments: try CommitRule.all().filter {
            $0.isStream && $0.expect == "storable" && !$0.body.contains("\r")
        }, ["\r\n", "\r"])
    func noTruncationIsStoredWithOtherLineEnds(rule: CommitRule, lineEnd: String) throws {
        let body = rule.body.replacing("\n", with: lineEnd).wire
        #expect(try rule.verdict([body]).readable == "storable")
        let events = rule.body.wire[..<Self.endOfEvents(rule.body.wire)]
        let cut = Array(events).readable.replacing("\n", with: lineEnd).wire
        for length in 0..<cut.count {
            let verdict = try rule.verdict([Array(body[..<length])])
            #expect(verdict.readable != "storable", "cut to \(length) of \(body.count) bytes")
        }
    }

    private static func endOfDocument(_ body: [UInt8]) -> Int {
        body.lastIndex(of: UInt8(ascii: "}")).map { $0 + 1 } ?? 0
    }

    /// Where the last event that is not a comment or a ping ends.
    private static func endOfEvents(_ body: [UInt8]) -> Int {
        var text = body.readable
        for tail in [": bye\n\n\n", ": by", "  \n \t", pingEvent] where text.hasSuffix(tail) {
            text.removeLast(tail.count)
        }
        // Some dialects may be followed by `[DONE]`, but need not.
        let done = "data: [DONE]\n\n"
        let hasOwnEnd = text.contains("response.completed") || text.contains("message_stop")
        if hasOwnEnd, text.hasSuffix(done) { text.removeLast(done.count) }
        return text.wire.count
    }

    private static let pingEvent = "event: ping\ndata: {\"type\": \"ping\"}\n\n"

    @Test func eventOverTheLimitIsNotStored() throws {
        let rule = try #require(try CommitRule.all().first { $0.name == "stream" })
        var judge = try rule.judge(eventLimit: 16)
        judge.consume(rule.body.wire.span)
        #expect(judge.rejection == .eventTooLarge)
        let verdict = judge.finish(body: rule.body.wire.span, framingComplete: true)
        #expect(verdict == .rejected(.eventTooLarge))
    }

    @Test func choicesWithoutEndAreNotFollowed() throws {
        let rule = try #require(try CommitRule.all().first { $0.name == "stream" })
        var judge = try rule.judge()
        for index in 0...1024 {
            judge.consume("data: {\"choices\":[{\"index\":\(index)}]}\n\n".wire.span)
        }
        #expect(judge.rejection == .eventTooLarge)
    }

    /// A body of a few bytes a choice must not make the judge hold many times as much.
    @Test(arguments: [(1024, "storable"), (1025, "finish-reason")])
    func choicesOfOneDocumentAreBounded(count: Int, expected: String) throws {
        let choices = (0..<count).map { "{\"index\":\($0),\"finish_reason\":\"stop\"}" }
        let document = "{\"choices\":[\(choices.joined(separator: ","))]}"
        let rules = try CommitRule.all()
        let whole = try #require(rules.first { $0.name == "whole" })
        #expect(try whole.verdict([document.wire]).readable == expected)
        let stream = try #require(rules.first { $0.name == "stream" })
        let events = "data: \(document)\n\ndata: [DONE]\n\n"
        #expect(try stream.verdict([events.wire]).readable == expected)
    }

    @Test func rejectionIsKnownAsSoonAsItIsCertain() throws {
        let rules = try CommitRule.all()
        let failed = try #require(rules.first { $0.name == "status 500" })
        #expect(try failed.judge().rejection == .status)
        let stream = try #require(rules.first { $0.name == "stream" })
        var judge = try stream.judge()
        #expect(judge.rejection == nil)
        judge.consume("data: {\"error\":{}}\n\n".wire.span)
        #expect(judge.rejection == .errorEvent)
        judge.consume(stream.body.wire.span)
        #expect(judge.rejection == .errorEvent)
    }
}
