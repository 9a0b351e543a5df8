import RepriseCore
import Testing

struct RouteTableTests {
    private static let table = RouteTable(names: ["anthropic".wire, "azure-eu".wire])

    private static func upstream(_ index: Int, _ path: String, _ query: String? = nil) -> Route {
        .upstream(index: index, path: path.wire, query: query?.wire)
    }

    @Test(
        arguments: [
            ("/", .health), ("/health", .health), ("/health?x=1", .health), ("/?a", .health),
            ("/ready", .ready), ("/ready?now", .ready),
            ("/proxy/chat/completions", upstream(0, "/chat/completions")),
            ("/v1/chat/completions", upstream(0, "/chat/completions")),
            ("/proxy/responses?beta=true", upstream(0, "/responses", "beta=true")),
            ("/proxy/responses?", upstream(0, "/responses", "")),
            ("/proxy/a?b?c", upstream(0, "/a", "b?c")),
            ("/proxy", upstream(0, "/")), ("/v1", upstream(0, "/")), ("/v1/", upstream(0, "/")),
            ("/proxy?x=/y", upstream(0, "/", "x=/y")),
            ("/proxy//models", upstream(0, "//models")),
            ("/proxy/v1/models", upstream(0, "/v1/models")),
            ("/proxy/%63hat", upstream(0, "/%63hat")),
            ("/anthropic/v1/messages", upstream(1, "/v1/messages")),
            ("/azure-eu/openai?api-version=1", upstream(2, "/openai", "api-version=1")),
            ("/proxyx", .notFound), ("/proxyx/models", .notFound), ("/Proxy/models", .notFound),
            ("/anthropi", .notFound), ("/health/", .notFound), ("/ready/x", .notFound),
            ("//proxy/models", .notFound), ("", .notFound), ("*", .notFound),
            ("http://localhost/proxy/models", .notFound), ("/%70roxy/models", .notFound),
        ] as [(String, Route)])
    func targetLeadsToItsRoute(target: String, expected: Route) {
        #expect(Self.table.route(target: target.wire) == expected)
    }
}

struct EndpointTests {
    @Test(
        arguments: Endpoint.allCases,
        [
            "", "/v1", "/openai/v1", "/api/v1", "/v1beta/openai",
            "/openai/deployments/gpt-4o",
        ])
    func endpointIsFoundBelowEachPrefix(endpoint: Endpoint, prefix: String) {
        #expect(Endpoint.match(path: (prefix + "/" + endpoint.name.readable).wire) == endpoint)
    }

    @Test(arguments: [
        "", "/", "/v1", "/v1/", "chat/completions", "/chat/completions/", "/chat/completions/id",
        "//chat/completions", "/v1//chat/completions", "/v2/chat/completions", "/responses/resp_1",
        "/responses/compact", "/responses/resp_1/cancel", "/Chat/Completions",
        "/chat%2Fcompletions", "/openai/deployments/chat/completions/x",
        "/openai/deployments//chat/completions", "/openai/deployments/a/b/embeddings",
        "/openai/deployments/", "/audio/transcriptions", "/images/edits", "/files", "/batches",
        "/v1/v1/messages", "/messages/batches", "/vector_stores/vs_1/search",
    ])
    func otherPathsAreNotOnTheList(path: String) {
        #expect(Endpoint.match(path: path.wire) == nil)
    }
}
