import RepriseCore
import Testing

/// What must not pass from the client's request to the upstream or into the key.
struct ExchangeBoundaryTests {
    private static func began(_ target: String, _ headers: [(String, String)] = []) -> ExchangeStep
    {
        var exchange = Exchange(settings: ExchangeSettings())
        return exchange.began(
            ArrivedRequest(
                method: "GET".wire, target: target.wire,
                headers: headers.map { HeaderField($0.0, $0.1) }, hasBody: false,
                declaredLength: nil), routes: RouteTable(names: []))
    }

    @Test(arguments: [
        "/proxy/../admin", "/proxy/..", "/v1/./models", "/v1/a/%2e%2E/b", "/v1/.%2e/", "/v1/%2E",
        "/proxy/%2e./x?a=b",
    ])
    func dotSegmentsAreRefused(target: String) {
        guard case .respond(let response) = Self.began(target) else {
            Issue.record("\(target) was not answered here")
            return
        }
        #expect(response.head.status == 400)
    }

    @Test(arguments: [
        "/v1/models/gpt-4.1", "/v1/...", "/v1/a..b", "/v1/.well-known", "/v1/%2e%2e%2e",
        "/v1/%2f..a",
        "/v1/models?path=/../x",
    ])
    func otherDotsAreForwarded(target: String) {
        guard case .fetch = Self.began(target) else {
            Issue.record("\(target) was not forwarded")
            return
        }
    }

    /// Makes the digest step of a chat completion with these headers.
    private static func material(_ headers: [(String, String)]) -> [UInt8]? {
        var exchange = Exchange(settings: ExchangeSettings())
        let all = [("content-type", "application/json")] + headers
        let body = #"{"model":"m","messages":[]}"#.wire
        _ = exchange.began(
            ArrivedRequest(
                method: "POST".wire, target: "/v1/chat/completions".wire,
                headers: all.map { HeaderField($0.0, $0.1) }, hasBody: true,
                declaredLength: Int64(body.count)), routes: RouteTable(names: []))
        guard case .digest(let material, _) = exchange.bodyRead(body.span) else { return nil }
        return material
    }

    @Test func whatConnectionNamesIsNotInTheKey() {
        let plain = Self.material([])
        #expect(plain != nil)
        #expect(Self.material([("openai-project", "p")]) != plain)
        #expect(
            Self.material([("openai-project", "p"), ("connection", "OpenAI-Project")]) == plain)
        #expect(
            Self.material([("authorization", "Bearer a"), ("connection", "close, authorization")])
                == plain)
    }
}
