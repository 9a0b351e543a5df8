import RepriseCore
import Testing

struct HeaderPolicyTests {
    private static let request = [
        HeaderField("Host", "localhost:8787"), HeaderField("Content-Length", "2"),
        HeaderField("Authorization", "Bearer k"), HeaderField("Content-Type", "application/json"),
        HeaderField("Connection", "keep-alive, X-Hop"), HeaderField("X-Hop", "1"),
        HeaderField("Keep-Alive", "5"), HeaderField("TE", "trailers"),
        HeaderField("Transfer-Encoding", "chunked"), HeaderField("Upgrade", "h2c"),
        HeaderField("Proxy-Authorization", "x"), HeaderField("Cache-Control", "no-cache"),
        HeaderField("X-Proxy-TTL", "5"), HeaderField("X-Proxy-Other", "5"),
        HeaderField("Cookie", "__cf_bm=1"), HeaderField("Expect", "100-continue"),
        HeaderField("Range", "bytes=0-"), HeaderField("If-None-Match", "\"a\""),
        HeaderField("If-Modified-Since", "x"), HeaderField("Accept-Encoding", "gzip, br"),
        HeaderField("X-Stainless-Lang", "python"), HeaderField("Accept", "a"),
        HeaderField("Accept", "b"),
    ]

    @Test func cacheableRequestsLoseWhatTheAnswerMustNotDependOn() {
        #expect(
            HeaderPolicy.toUpstream(Self.request, cacheable: true) == [
                HeaderField("authorization", "Bearer k"),
                HeaderField("content-type", "application/json"),
                HeaderField("x-stainless-lang", "python"), HeaderField("accept", "a"),
                HeaderField("accept", "b"), HeaderField("accept-encoding", "identity"),
            ])
    }

    @Test func otherRequestsLoseOnlyHopByHopAndOurs() {
        #expect(
            HeaderPolicy.toUpstream(Self.request, cacheable: false).map(\.name.readable) == [
                "authorization", "content-type", "cookie", "expect", "range", "if-none-match",
                "if-modified-since", "accept-encoding", "x-stainless-lang", "accept", "accept",
            ])
    }

    private static let response = [
        HeaderField("Content-Type", "application/json"), HeaderField("Content-Length", "2"),
        HeaderField("Connection", "close, openai-model"), HeaderField("OpenAI-Model", "m"),
        HeaderField("Transfer-Encoding", "chunked"), HeaderField("Trailer", "x"),
        HeaderField("Proxy-Authenticate", "Basic"), HeaderField("Set-Cookie", "a=1"),
        HeaderField("X-Request-ID", "req_1"), HeaderField("request-id", "req_2"),
        HeaderField("OpenAI-Version", "2020-10-01"), HeaderField("OpenAI-Organization", "o"),
        HeaderField("OpenAI-Processing-Ms", "12"), HeaderField("x-ratelimit-limit-requests", "1"),
        HeaderField("CF-Ray", "x"), HeaderField("Date", "x"),
        HeaderField("Access-Control-Allow-Origin", "*"),
        HeaderField("Strict-Transport-Security", "max-age=1"), HeaderField("Alt-Svc", "h3"),
        HeaderField("Retry-After", "1"),
    ]

    @Test func liveResponsesLoseHopByHop() {
        let names = HeaderPolicy.toClient(Self.response, cacheable: false).map(\.name.readable)
        #expect(
            names == [
                "content-type", "content-length", "set-cookie", "x-request-id", "request-id",
                "openai-version", "openai-organization", "openai-processing-ms",
                "x-ratelimit-limit-requests", "cf-ray", "date", "access-control-allow-origin",
                "strict-transport-security", "alt-svc", "retry-after",
            ])
        let cacheable = HeaderPolicy.toClient(Self.response, cacheable: true).map(\.name.readable)
        #expect(cacheable == names.filter { $0 != "set-cookie" })
    }

    @Test func onlyTheAllowlistIsStored() {
        #expect(
            HeaderPolicy.stored(Self.response).map(\.name.readable) == [
                "content-type", "x-request-id", "request-id", "openai-version",
                "openai-organization",
            ])
    }
}
