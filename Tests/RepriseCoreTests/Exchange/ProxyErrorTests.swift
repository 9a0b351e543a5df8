import RepriseCore
import Testing

struct ProxyErrorTests {
    private static let types = "content-type: application/json"

    /// What a client gets: the status, the header fields and the body.
    private static func words(_ events: [ExchangeEvent]) throws -> [String] {
        var exchange = Exchange(settings: ExchangeSample.settings)
        var step = ExchangeStep.wait
        for event in events {
            switch event {
            case .began(let request, _, _):
                step = exchange.began(request, routes: RouteTable(names: ["other".wire]))
            case .bodyTooLong: step = exchange.bodyTooLong()
            case .responseFailed(let failure):
                step = exchange.responseFailed(failure, now: ExchangeSample.now)
            case .lookedUp(let metadata):
                step = exchange.lookedUp(metadata, now: ExchangeSample.now)
            default: _ = event.happen(to: &exchange)
            }
        }
        guard case .respond(let response) = step, case .bytes(let body) = response.body else {
            Issue.record("\(step) is no error")
            return []
        }
        let fields = response.head.headers.map { "\($0.name.readable): \($0.value.readable)" }
        return ["\(response.head.status)"] + fields + [body.readable]
    }

    private static func body(_ code: String, _ message: String) -> String {
        #"{"error":{"message":"\#(message)","type":"reprise_error","param":null,"#
            + #""code":"\#(code)"}}"#
    }

    @Test func unknownRouteNamesAllRoutes() throws {
        #expect(
            try Self.words([.began(ExchangeSample.request("GET", "/x"))])
                == [
                    "404", Self.types,
                    Self.body(
                        "unknown_route",
                        "There is no such route here. The routes are: /proxy/..., /v1/..., "
                            + "/other/..., /health, /ready."),
                ])
    }

    @Test func webSocketIsToldWhatWouldBeAccepted() throws {
        let request = ExchangeSample.request("GET", "/v1/realtime", [("upgrade", "websocket")])
        #expect(
            try Self.words([.began(request)])
                == [
                    "426", Self.types, "upgrade: HTTP/1.1",
                    Self.body(
                        "websocket_not_supported",
                        "WebSocket connections are not proxied; use HTTP here, or connect to "
                            + "the upstream."),
                ])
    }

    @Test func forwardProxyingIsRefusedForGood() throws {
        #expect(
            try Self.words([.began(ExchangeSample.request("GET", "http://a.example/"))])
                == [
                    "421", Self.types, "x-should-retry: false",
                    Self.body(
                        "not_a_forward_proxy",
                        "This is not a forward proxy; set the client's base URL, and not "
                            + "HTTP_PROXY."),
                ])
    }

    @Test func longBodyNamesTheLimitAndItsSetting() throws {
        #expect(
            try Self.words([.began(ExchangeSample.request()), .bodyTooLong])
                == [
                    "413", Self.types,
                    Self.body(
                        "request_too_large",
                        "The request body is longer than 500 bytes, the limit of --max-body."),
                ])
    }

    @Test func directiveThatCannotBeReadIsShown() throws {
        let words = try Self.words(
            [.began(ExchangeSample.request(headers: [("x-proxy-ttl", "soon")]))])
        let message = DirectiveError.ttl("soon".wire).message
        let body = ErrorBody.json(message: message, code: "invalid_ttl").readable
        #expect(words == ["400", Self.types, body])
    }

    @Test func notCachedIsNotRetried() throws {
        let events =
            ExchangeSample.upToLookup([("cache-control", "only-if-cached")]) + [.lookedUp(nil)]
        #expect(
            try Self.words(events)
                == [
                    "504", Self.types, "x-should-retry: false",
                    "cache-status: reprise; detail=only-if-cached",
                    Self.body(
                        "not_cached",
                        "No stored response can be used, and only-if-cached forbids asking "
                            + "the upstream."),
                ])
    }

    @Test(
        arguments: [
            (
                FetchFailure.unreachable("a:1: refused\n".wire), ["502"], "upstream_unreachable",
                #"The upstream cannot be reached: a:1: refused\n"#
            ),
            (.timedOut, ["504"], "upstream_timeout", "The upstream did not answer in time."),
            (
                .connectionLost, ["502"], "upstream_connection_lost",
                "The upstream closed the connection before its response was complete."
            ),
            (
                .malformedResponse("two lengths".wire), ["502"], "upstream_malformed_response",
                "The upstream's response is malformed: two lengths"
            ),
            (
                .unsendable("a method".wire), ["400"], "unsendable_request",
                "The request cannot be forwarded: a method"
            ),
            (
                .tooSlow, ["503", "x-should-retry: true"], "fell_behind",
                "The response went by faster than this request could follow; try again."
            ),
            (
                .cancelled, ["503", "x-should-retry: true"], "shutting_down",
                "The proxy is shutting down; try again."
            ),
        ] as [(FetchFailure, [String], String, String)])
    func failureOfTheUpstreamSaysWhatItWas(
        failure: FetchFailure, head: [String], code: String, message: String
    ) throws {
        let events =
            ExchangeSample.upToLookup() + [.lookedUp(nil), .responseFailed(failure)]
        var expected = [head[0], Self.types]
        expected += head.dropFirst()
        expected += ["cache-status: reprise; fwd=uri-miss", Self.body(code, message)]
        #expect(try Self.words(events) == expected)
    }

    @Test func errorsAreEqualByAllTheirParts() {
        let error = ProxyError(status: 400, code: "a", message: [1], shouldRetry: true)
        #expect(error == ProxyError(status: 400, code: "a", message: [1], shouldRetry: true))
        #expect(error != ProxyError(status: 401, code: "a", message: [1], shouldRetry: true))
        #expect(error != ProxyError(status: 400, code: "b", message: [1], shouldRetry: true))
        #expect(error != ProxyError(status: 400, code: "a", message: [2], shouldRetry: true))
        #expect(error != ProxyError(status: 400, code: "a", message: [1]))
    }
}
