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

    /// Begins a request with `Via` fields at a server that calls itself `reprise-1`.
    private static func passed(_ via: [String]) -> ExchangeStep {
        var settings = ExchangeSettings()
        settings.pseudonym = "reprise-1".wire
        var exchange = Exchange(settings: settings)
        return exchange.began(
            ArrivedRequest(
                method: "GET".wire, target: "/v1/models".wire,
                headers: via.map { HeaderField("via", $0) }, hasBody: false, declaredLength: nil),
            routes: RouteTable(names: []))
    }

    @Test(arguments: [
        ["1.1 reprise-1"], ["1.0 nginx, 2 reprise-1 (a comment)"], ["1.1 a", "1.1 reprise-1"],
    ])
    func requestThatHasPassedHereIsALoop(via: [String]) {
        guard case .respond(let response) = Self.passed(via) else {
            Issue.record("\(via) was not answered here")
            return
        }
        #expect(response.head.status == 508)
    }

    @Test(arguments: [
        [], ["1.1 reprise-12"], ["1.1 nginx"], ["reprise-1"], ["1.1 nginx (reprise-1)"],
    ])
    func otherRequestsGoOnWithTheNameOfThisServer(via: [String]) {
        guard case .fetch(let fetch) = Self.passed(via) else {
            Issue.record("\(via) was not forwarded")
            return
        }
        let sent = fetch.headers.filter { $0.isNamed("via") }.map(\.value)
        #expect(sent == via.map { $0.wire } + ["1.1 reprise-1".wire])
    }
}
