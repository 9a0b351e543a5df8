import RepriseCore
import Testing

struct UsageTests {
    private static func usage(_ members: String) -> ResponseJudge.Verdict {
        let judge = ResponseJudge(
            request: CacheableRequest(
                endpoint: .embeddings, keyMaterial: [], model: nil, wantsStream: false,
                limitsOutput: false),
            head: ResponseHead(
                status: 200, headers: [HeaderField("content-type", "application/json")]))
        return judge.finish(body: "{\"usage\":\(members)}".wire.span, framingComplete: true)
    }

    @Test(arguments: [
        (#"{"prompt_tokens":7,"completion_tokens":3}"#, Usage(inputTokens: 7, outputTokens: 3)),
        (#"{"input_tokens":7,"output_tokens":3}"#, Usage(inputTokens: 7, outputTokens: 3)),
        (#"{"prompt_tokens":7}"#, Usage(inputTokens: 7, outputTokens: 0)),
        (#"{"output_tokens":1e3}"#, Usage(inputTokens: 0, outputTokens: 1000)),
        (
            #"{"prompt_tokens":7,"prompt_tokens_details":{"audio_tokens":1,"cached_tokens":5}}"#,
            Usage(inputTokens: 7, outputTokens: 0, cachedInputTokens: 5)
        ),
        (
            #"{"input_tokens_details":{"cached_tokens":5},"input_tokens":7}"#,
            Usage(inputTokens: 7, outputTokens: 0, cachedInputTokens: 5)
        ),
        (
            #"{"input_tokens":7,"cache_read_input_tokens":9}"#,
            Usage(inputTokens: 7, outputTokens: 0, cachedInputTokens: 9)
        ),
        (
            #"{"prompt_tokens":7,"prompt_tokens_details":null,"x":[{"prompt_tokens":9}]}"#,
            Usage(inputTokens: 7, outputTokens: 0)
        ),
        (
            #"{"prompt_tokens":9223372036854775807}"#,
            Usage(inputTokens: .max, outputTokens: 0)
        ),
    ])
    func countsAreRead(members: String, expected: Usage) {
        #expect(Self.usage(members) == .storable(expected))
    }

    @Test(arguments: [
        "null", "{}", "7", "[]", #"{"prompt_tokens":-1}"#, #"{"prompt_tokens":1.5}"#,
        #"{"prompt_tokens":"7"}"#, #"{"prompt_tokens":9223372036854775808}"#,
        #"{"total_tokens":7}"#, #"{"prompt_tokens_details":{"cached_tokens":5}}"#,
    ])
    func whatIsNoCountIsNotCounted(members: String) {
        #expect(Self.usage(members) == .storable(nil))
    }
}
