import RepriseCore
import Testing

struct ResponseRecorderTests {
    private static let answer =
        #"{"choices":[{"index":0,"finish_reason":"stop"}],"#
        + #""usage":{"prompt_tokens":3,"completion_tokens":4}}"#

    private static func recorder(
        _ type: String = "application/json", limit: Int64 = 1000
    ) throws -> ResponseRecorder {
        var settings = ExchangeSample.settings
        settings.maximumEntrySize = limit
        return try #require(
            ResponseRecorder(
                ExchangeHeadTests.fetch(headers: [("x-proxy-tags", "t")]),
                head: ResponseHead(
                    status: 200,
                    headers: [
                        HeaderField("content-type", type), HeaderField("x-request-id", "r"),
                        HeaderField("set-cookie", "c"),
                    ]), settings: settings, now: 1000))
    }

    @Test func whatIsForOneClientAloneIsNotRecorded() throws {
        let fetch = try #require(ExchangeHeadTests.fetch("/v1/files"))
        let recorder = ResponseRecorder(
            fetch, head: ResponseHead(status: 200, headers: []),
            settings: ExchangeSample.settings, now: 0)
        #expect(recorder == nil)
    }

    @Test func wholeDocumentIsStorableWithWhatItCost() throws {
        var recorder = try Self.recorder()
        let body = Self.answer.wire
        recorder.consume(body.span.extracting(0..<10), now: 1005)
        recorder.consume(body.span.extracting(10..<10), now: 1006)
        recorder.consume(body.span.extracting(10..<body.count), now: 1020)
        #expect(recorder.rejection == nil)
        #expect(recorder.length == Int64(body.count))
        let usage = try recorder.verdict(body: body.span, framingComplete: true).get()
        #expect(usage != nil)
        let metadata = recorder.metadata(
            digest: [1], usage: usage, terms: StoringTerms(ttl: 5, tags: ["t".wire]), now: 1030)
        #expect(metadata.status == 200)
        #expect(
            metadata.headers
                == [
                    HeaderField("content-type", "application/json"),
                    HeaderField("x-request-id", "r"),
                ])
        #expect(metadata.storedAt == 1030)
        #expect(metadata.ttl == 5)
        #expect(metadata.bodyLength == Int64(body.count))
        #expect(metadata.bodyDigest == [1])
        #expect(metadata.upstream.readable == "https://a.example/v1")
        #expect(metadata.path.readable == "/chat/completions")
        #expect(metadata.model?.readable == "m")
        #expect(metadata.namespace == nil)
        #expect(metadata.usage == usage)
        #expect(metadata.tags == ["t".wire])
        #expect(metadata.credentialScope == ExchangeSample.credentialScope)
        #expect(
            metadata.chunks
                == [
                    StreamChunk(milliseconds: 5, length: 10),
                    StreamChunk(milliseconds: 20, length: Int64(body.count - 10)),
                ])
    }

    @Test func whatIsNotProvenWholeIsRejected() throws {
        var recorder = try Self.recorder()
        let body = Self.answer.wire
        recorder.consume(body.span, now: 1000)
        #expect(
            recorder.verdict(body: body.span, framingComplete: false) == .failure(.framing))
        let half = Array(body.dropLast())
        var other = try Self.recorder()
        other.consume(half.span, now: 1000)
        #expect(other.verdict(body: half.span, framingComplete: true) == .failure(.notJSON))
    }

    @Test func limitIsTheLastByteThatIsStored() throws {
        let body = Self.answer.wire
        var recorder = try Self.recorder(limit: Int64(body.count))
        recorder.consume(body.span, now: 1000)
        #expect(recorder.rejection == nil)
        var other = try Self.recorder(limit: Int64(body.count - 1))
        other.consume(body.span.extracting(0..<(body.count - 1)), now: 1000)
        #expect(other.rejection == nil)
        other.consume(body.span.extracting((body.count - 1)..<body.count), now: 1000)
        #expect(other.rejection == .tooLarge)
        #expect(other.length == Int64(body.count))
        #expect(other.verdict(body: body.span, framingComplete: true) == .failure(.tooLarge))
    }

    @Test func streamThatFailsIsRejectedBeforeItsEnd() throws {
        var recorder = try Self.recorder("text/event-stream")
        recorder.consume("data: {\"error\":{\"message\":\"x\"}}\n\n".wire.span, now: 1000)
        #expect(recorder.rejection == .errorEvent)
    }

    @Test func chunksBeyondTheLimitAddToTheLast() throws {
        var recorder = try Self.recorder("text/event-stream", limit: 10_000)
        let byte = ":".wire
        for time in 0..<Int64(5000) { recorder.consume(byte.span, now: 1000 + time) }
        let chunks = recorder.metadata(
            digest: [], usage: nil, terms: StoringTerms(), now: 0
        ).chunks
        #expect(chunks.count == 4096)
        #expect(chunks.last == StreamChunk(milliseconds: 4095, length: 905))
        #expect(chunks.reduce(0) { $0 + $1.length } == 5000)
    }

    /// A clock that steps back gives no negative time.
    @Test func timesNeverGoBelowZero() throws {
        var recorder = try Self.recorder()
        recorder.consume("{}".wire.span, now: 10)
        let metadata = recorder.metadata(digest: [], usage: nil, terms: StoringTerms(), now: 0)
        #expect(metadata.chunks == [StreamChunk(milliseconds: 0, length: 2)])
    }
}
