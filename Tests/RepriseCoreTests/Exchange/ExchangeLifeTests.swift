import RepriseCore
import Testing

/// Whole lives of requests: each step, and the record that is left.
struct ExchangeLifeTests {
    struct Life: Sendable, CustomTestStringConvertible {
        var name: String
        var events: [ExchangeEvent]
        /// What each event leads to.
        var steps: [String]
        /// Outcome, reason or `-`, status, then `cut` and `failed` where they hold.
        var record: String

        init(
            _ name: String, _ events: [ExchangeEvent], _ steps: [String], record: String
        ) {
            self.name = name
            self.events = events
            self.steps = steps
            self.record = record
        }

        var testDescription: String { name }
    }

    @Test(arguments: lives + endings + ownLives + staleLives)
    func lifeGoesStepByStepAndLeavesItsRecord(life: Life) {
        var exchange = ExchangeSample.exchange()
        let steps = life.events.map { $0.happen(to: &exchange) }
        #expect(steps == life.steps)
        #expect(exchange.state == .done)
        #expect(Self.words(exchange.record) == life.record)
        #expect(!exchange.keepsStored)
    }

    private static func words(_ record: ExchangeRecord) -> String {
        let reason = record.reason?.readable ?? "-"
        var words = "\(record.outcome.token) \(reason) \(record.status)"
        if record.isCut { words += " cut" }
        if record.failure != nil { words += " failed" }
        return words
    }

    private static let keyed = ["read 500", "digest", "look up"]
    private static let missed = keyed + ["fetch read"]
    private static let miss = "reprise; fwd=uri-miss"
    private static let fresh = ExchangeSample.stored(age: 10)
    private static let stale = ExchangeSample.stored(age: 70)

    private static func asked(
        _ headers: [(String, String)] = [], _ more: ExchangeEvent...
    ) -> [ExchangeEvent] {
        ExchangeSample.upToLookup(headers) + [.lookedUp(nil)] + more
    }

    private static func withCacheControl(
        _ value: String, _ stored: EntryMetadata?, _ more: ExchangeEvent...
    ) -> [ExchangeEvent] {
        ExchangeSample.upToLookup([("cache-control", value)]) + [.lookedUp(stored)] + more
    }

    private static let json = ExchangeEvent.responseBegan(200, ExchangeSample.json)
    private static let sse = ExchangeEvent.responseBegan(200, ExchangeSample.sse)

    // MARK: What the cache does

    static let lives = [
        Life(
            "hit", ExchangeSample.upToLookup() + [.lookedUp(fresh)],
            keyed + ["respond 200 reprise; hit; ttl=50 (stored)"], record: "hit - 200"),
        Life(
            "stale hit", withCacheControl("max-stale=60", stale),
            keyed + ["respond 200 reprise; hit; ttl=-10 (stored)"], record: "hit - 200"),
        Life(
            "too stale", withCacheControl("max-stale=5", stale, json, .responseEnded(.stored)),
            missed + ["hold", "deliver whole 200 reprise; fwd=stale; stored"],
            record: "stored - 200"),
        Life(
            "not fresh enough",
            withCacheControl("min-fresh=55", fresh, json, .responseEnded(.stored)),
            missed + ["hold", "deliver whole 200 reprise; fwd=request; stored"],
            record: "stored - 200"),
        Life(
            "stored on the way", asked([], .lookedUp(fresh)),
            missed + ["respond 200 reprise; hit; ttl=50 (stored)"], record: "hit - 200"),
        Life(
            "document stored",
            asked([], .fetching(isCollapsed: false), json, .responseEnded(.stored)),
            missed + ["wait", "hold", "deliver whole 200 \(miss); stored"],
            record: "stored - 200"),
        Life(
            "document rejected", asked([], json, .responseEnded(.rejected(.finishReason))),
            missed + ["hold", "deliver whole 200 \(miss); detail=finish-reason"],
            record: "miss finish-reason 200"),
        Life(
            "document collapsed",
            asked([], .fetching(isCollapsed: true), json, .responseEnded(.stored)),
            missed + ["wait", "hold", "deliver whole 200 \(miss); collapsed"],
            record: "collapsed - 200"),
        Life(
            "document collapsed and rejected",
            asked([], .fetching(isCollapsed: true), json, .responseEnded(.rejected(.errorBody))),
            missed + ["wait", "hold", "deliver whole 200 \(miss); collapsed; detail=error-body"],
            record: "collapsed error-body 200"),
        Life(
            "call of others, then one of its own",
            asked(
                [], .fetching(isCollapsed: true), .fetching(isCollapsed: false), json,
                .responseEnded(.stored)),
            missed + ["wait", "wait", "hold", "deliver whole 200 \(miss); stored"],
            record: "stored - 200"),
        Life(
            "stream stored", asked([], sse, .responseEnded(.stored)),
            missed + ["deliver 200 \(miss); stored", "finish"], record: "stored - 200"),
        Life(
            "stream collapsed",
            asked([], .fetching(isCollapsed: true), sse, .responseEnded(.stored)),
            missed + ["wait", "deliver 200 \(miss); collapsed", "finish"],
            record: "collapsed - 200"),
        // Its head has left before that was known: the record knows better.
        Life(
            "stream rejected", asked([], sse, .responseEnded(.rejected(.truncated))),
            missed + ["deliver 200 \(miss); stored", "finish"], record: "miss truncated 200"),
        Life(
            "long document stored", asked([], json, .holdEnded(nil), .responseEnded(.stored)),
            missed + ["hold", "deliver 200 \(miss); stored", "finish"], record: "stored - 200"),
        Life(
            "slow document rejected",
            asked([], json, .holdEnded(nil), .responseEnded(.rejected(.notJSON))),
            missed + ["hold", "deliver 200 \(miss); stored", "finish"],
            record: "miss not-json 200"),
        Life(
            "document too large",
            asked([], json, .holdEnded(.tooLarge), .responseEnded(.rejected(.tooLarge))),
            missed + ["hold", "deliver 200 \(miss); detail=too-large", "finish"],
            record: "miss too-large 200"),
        Life(
            "refresh",
            ExchangeSample.upToLookup([("x-proxy-refresh", "true")])
                + [json, .responseEnded(.stored)],
            [
                "read 500", "digest", "fetch read", "hold",
                "deliver whole 200 reprise; fwd=request; stored; detail=refresh",
            ], record: "stored refresh 200"),
        Life(
            "refresh, rejected",
            ExchangeSample.upToLookup([("x-proxy-refresh", "true")])
                + [json, .responseEnded(.rejected(.errorBody))],
            [
                "read 500", "digest", "fetch read", "hold",
                "deliver whole 200 reprise; fwd=request; detail=refresh",
            ], record: "miss error-body 200"),
        Life(
            "no-cache",
            ExchangeSample.upToLookup([("cache-control", "no-cache")])
                + [json, .responseEnded(.stored)],
            [
                "read 500", "digest", "fetch read", "hold",
                "deliver whole 200 reprise; fwd=request; stored",
            ], record: "stored - 200"),
        Life(
            "no-store hits", withCacheControl("no-store", fresh),
            keyed + ["respond 200 reprise; hit; ttl=50 (stored)"], record: "hit - 200"),
        Life(
            "no-store is passed on as it comes",
            withCacheControl("no-store", nil, json, .responseEnded(.notAsked)),
            missed + ["deliver 200 \(miss)", "finish"], record: "miss - 200"),
        Life(
            "no-store, no success",
            withCacheControl(
                "no-store", nil, .responseBegan(429, ExchangeSample.json),
                .responseEnded(.notAsked)),
            missed + ["deliver 429 \(miss)", "finish"], record: "miss - 429"),
        Life(
            "no-store, but others of the call store it",
            withCacheControl(
                "no-store", nil, .fetching(isCollapsed: false), sse, .responseEnded(.stored)),
            missed + ["wait", "deliver 200 \(miss)", "finish"], record: "stored - 200"),
        Life(
            "bypass by the head",
            [
                .began(ExchangeSample.request("POST", "/v1/files")), json,
                .responseEnded(.notAsked),
            ],
            ["fetch unread", "deliver 200 reprise; fwd=bypass; detail=endpoint", "finish"],
            record: "bypass endpoint 200"),
        Life(
            "bypass, whatever the cache says of it",
            [
                .began(ExchangeSample.request("POST", "/v1/files")), json,
                .responseEnded(.rejected(.status)),
            ],
            ["fetch unread", "deliver 200 reprise; fwd=bypass; detail=endpoint", "finish"],
            record: "bypass endpoint 200"),
        Life(
            "bypass by the body",
            [
                .began(ExchangeSample.request("POST", "/v1/responses")),
                .bodyRead(#"{"background":true}"#), json, .responseEnded(.notAsked),
            ],
            [
                "read 500", "fetch read",
                "deliver 200 reprise; fwd=bypass; detail=background", "finish",
            ], record: "bypass background 200"),
        Life(
            "ttl of 0",
            [
                .began(ExchangeSample.request(headers: [("x-proxy-ttl", "0")])), sse,
                .responseEnded(.notAsked),
            ],
            ["fetch unread", "deliver 200 reprise; fwd=bypass; detail=ttl-zero", "finish"],
            record: "bypass ttl-zero 200"),
        Life(
            "another method",
            [
                .began(ExchangeSample.request("HEAD", "/other/files?a", hasBody: false)),
                .responseBegan(200, ExchangeSample.json + [("content-length", "17")]),
                .responseEnded(.notAsked),
            ],
            ["fetch none", "deliver 200 reprise; fwd=method", "finish"],
            record: "bypass - 200"),
        Life(
            "without the cache",
            [
                .began(ExchangeSample.request(), usesCache: false), json,
                .responseEnded(.notAsked),
            ],
            ["fetch unread", "deliver 200 reprise; fwd=bypass", "finish"],
            record: "bypass - 200"),
        Life(
            "only-if-cached hits", withCacheControl("only-if-cached", fresh),
            keyed + ["respond 200 reprise; hit; ttl=50 (stored)"], record: "hit - 200"),
        Life(
            "only-if-cached misses", withCacheControl("only-if-cached", nil),
            keyed + ["respond 504 reprise; detail=only-if-cached"],
            record: "error not_cached 504"),
        Life(
            "only-if-cached and stale", withCacheControl("only-if-cached", stale),
            keyed + ["respond 504 reprise; detail=only-if-cached"],
            record: "error not_cached 504"),
        Life(
            "only-if-cached of a refresh",
            ExchangeSample.upToLookup([
                ("x-proxy-refresh", "true"), ("cache-control", "only-if-cached"),
            ]),
            ["read 500", "digest", "respond 504 reprise; detail=only-if-cached"],
            record: "error not_cached 504"),
        Life(
            "only-if-cached forbids passing on",
            [
                .began(
                    ExchangeSample.request(
                        "GET", "/v1/models", [("cache-control", "only-if-cached")]))
            ], ["respond 504 reprise; fwd=method"], record: "error not_cached 504"),
        Life(
            "only-if-cached without the cache",
            [
                .began(
                    ExchangeSample.request(headers: [("cache-control", "only-if-cached")]),
                    usesCache: false)
            ], ["respond 504 reprise; detail=only-if-cached"], record: "error not_cached 504"),
    ]

    // MARK: Ends before the end

    static let endings = [
        Life(
            "no connection", asked([], .responseFailed(.unreachable("x".wire))),
            missed + ["respond 502 \(miss)"], record: "error upstream_unreachable 502 failed"),
        Life(
            "no connection, collapsed",
            asked([], .fetching(isCollapsed: true), .responseFailed(.timedOut)),
            missed + ["wait", "respond 504 \(miss); collapsed"],
            record: "error upstream_timeout 504 failed"),
        Life(
            "half a document", asked([], json, .responseFailed(.connectionLost)),
            missed + ["hold", "respond 502 \(miss)"],
            record: "error upstream_connection_lost 502 failed"),
        Life(
            "half a stream", asked([], sse, .responseFailed(.connectionLost)),
            missed + ["deliver 200 \(miss); stored", "cut"], record: "miss - 200 cut failed"),
        Life(
            "half a collapsed stream",
            asked([], .fetching(isCollapsed: true), sse, .responseFailed(.tooSlow)),
            missed + ["wait", "deliver 200 \(miss); collapsed", "cut"],
            record: "collapsed - 200 cut failed"),
        Life(
            "half a slow document",
            asked([], json, .holdEnded(nil), .responseFailed(.connectionLost)),
            missed + ["hold", "deliver 200 \(miss); stored", "cut"],
            record: "miss - 200 cut failed"),
        Life(
            "bypass that fails",
            [
                .began(ExchangeSample.request("POST", "/v1/files")),
                .responseFailed(.unsendable("x".wire)),
            ],
            ["fetch unread", "respond 400 reprise; fwd=bypass; detail=endpoint"],
            record: "error unsendable_request 400 failed"),
        Life(
            "shutdown", asked([], .responseFailed(.cancelled)),
            missed + ["respond 503 \(miss)"], record: "error shutting_down 503 failed"),
        Life(
            "too slow before the head", asked([], .responseFailed(.tooSlow)),
            missed + ["respond 503 \(miss)"], record: "error fell_behind 503 failed"),
        Life("left at once", [.clientLeft], ["wait"], record: "error client_closed 499"),
        Life(
            "left while its body comes", [.began(ExchangeSample.request()), .clientLeft],
            ["read 500", "wait"], record: "error client_closed 499"),
        Life(
            "left while the key is made",
            Array(ExchangeSample.upToLookup().dropLast()) + [.clientLeft],
            ["read 500", "digest", "wait"], record: "error client_closed 499"),
        Life(
            "left while the store is asked", ExchangeSample.upToLookup() + [.clientLeft],
            keyed + ["wait"], record: "error client_closed 499"),
        Life(
            "left before the head", asked([], .clientLeft), missed + ["wait"],
            record: "miss client_closed 499"),
        Life(
            "left a call of others", asked([], .fetching(isCollapsed: true), .clientLeft),
            missed + ["wait", "wait"], record: "collapsed client_closed 499"),
        Life(
            "left a bypass",
            [.began(ExchangeSample.request("POST", "/v1/files")), .clientLeft],
            ["fetch unread", "wait"], record: "bypass endpoint 499"),
        Life(
            "left a document", asked([], json, .clientLeft), missed + ["hold", "wait"],
            record: "miss client_closed 499"),
        Life(
            "left a stream", asked([], sse, .clientLeft),
            missed + ["deliver 200 \(miss); stored", "wait"], record: "miss - 200 cut"),
    ]

    // MARK: Responses of the proxy's own

    static let ownLives = [
        Life(
            "health", [.began(ExchangeSample.request("GET", "/"))], ["respond 200"],
            record: "own - 200"),
        Life(
            "health by name", [.began(ExchangeSample.request("HEAD", "/health?a"))],
            ["respond 200"], record: "own - 200"),
        Life(
            "ready", [.began(ExchangeSample.request("GET", "/ready"))], ["respond 200"],
            record: "own - 200"),
        Life(
            "not ready", [.began(ExchangeSample.request("GET", "/ready"), isReady: false)],
            ["respond 503"], record: "own - 503"),
        Life(
            "healthy while not ready",
            [.began(ExchangeSample.request("GET", "/health"), isReady: false)],
            ["respond 200"], record: "own - 200"),
        Life(
            "no route", [.began(ExchangeSample.request("GET", "/nowhere"))], ["respond 404"],
            record: "error unknown_route 404"),
        Life(
            "asterisk", [.began(ExchangeSample.request("OPTIONS", "*"))], ["respond 404"],
            record: "error unknown_route 404"),
        Life(
            "another host", [.began(ExchangeSample.request("GET", "http://a.example/"))],
            ["respond 421"], record: "error not_a_forward_proxy 421"),
        Life(
            "tunnel", [.began(ExchangeSample.request("CONNECT", "a.example:443"))],
            ["respond 421"], record: "error not_a_forward_proxy 421"),
        Life(
            "no target", [.began(ExchangeSample.request("GET", ""))], ["respond 421"],
            record: "error not_a_forward_proxy 421"),
        Life(
            "websocket",
            [.began(ExchangeSample.request("GET", "/v1/realtime", [("upgrade", "WebSocket")]))],
            ["respond 426"], record: "error websocket_not_supported 426"),
        Life(
            "another upgrade is not heeded",
            [.began(ExchangeSample.request(headers: [("upgrade", "h2c")])), .bodyBroken],
            ["read 500", "respond 400"], record: "error incomplete_request 400"),
        Life(
            "bad directive",
            [.began(ExchangeSample.request(headers: [("x-proxy-ttl", "soon")]))],
            ["respond 400"], record: "error invalid_ttl 400"),
        Life(
            "declared too long",
            [.began(ExchangeSample.request(declaredLength: 501))], ["respond 413"],
            record: "error request_too_large 413"),
        Life(
            "too long to be passed on is not too long",
            [
                .began(ExchangeSample.request("POST", "/v1/files", declaredLength: 501)),
                .responseFailed(.connectionLost),
            ],
            ["fetch unread", "respond 502 reprise; fwd=bypass; detail=endpoint"],
            record: "error upstream_connection_lost 502 failed"),
        Life(
            "too long", [.began(ExchangeSample.request(declaredLength: 500)), .bodyTooLong],
            ["read 500", "respond 413"], record: "error request_too_large 413"),
        Life(
            "refused body", [.began(ExchangeSample.request()), .bodyRefused],
            ["read 500", "respond 400"], record: "error malformed 400"),
    ]

    // MARK: Stale responses that stand in

    private static let tolerant = "stale-if-error=60"
    private static let standIn =
        "respond 200 reprise; hit; ttl=-10; detail=stale-if-error (stored)"

    static let staleLives =
        [500, 502, 503, 504].map { status in
            Life(
                "stands in for a \(status)",
                withCacheControl(
                    tolerant, stale, .responseBegan(status, ExchangeSample.json)),
                missed + [standIn], record: "hit stale-if-error 200")
        }
        + [400, 404, 429, 501, 505].map { status in
            Life(
                "does not stand in for a \(status)",
                withCacheControl(
                    tolerant, stale, .responseBegan(status, ExchangeSample.json),
                    .responseEnded(.rejected(.status))),
                missed
                    + ["deliver \(status) reprise; fwd=stale; detail=status", "finish"],
                record: "miss status \(status)")
        }
        + [.unreachable([]), .timedOut, .connectionLost, .malformedResponse([])].map {
            (failure: FetchFailure) in
            Life(
                "stands in for \(failure)",
                withCacheControl(tolerant, stale, .responseFailed(failure)),
                missed + [standIn], record: "hit stale-if-error 200 failed")
        }
        + [
            (FetchFailure.unsendable([]), 400, "unsendable_request"),
            (.tooSlow, 503, "fell_behind"), (.cancelled, 503, "shutting_down"),
        ].map { (failure: FetchFailure, status: Int, code: String) in
            Life(
                "does not stand in for \(failure)",
                withCacheControl(tolerant, stale, .responseFailed(failure)),
                missed + ["respond \(status) reprise; fwd=stale"],
                record: "error \(code) \(status) failed")
        }
        + [
            Life(
                "stands in for half a document",
                withCacheControl(tolerant, stale, json, .responseFailed(.connectionLost)),
                missed + ["hold", standIn], record: "hit stale-if-error 200 failed"),
            Life(
                "stands in for a collapsed failure",
                withCacheControl(
                    tolerant, stale, .fetching(isCollapsed: true), .responseFailed(.timedOut)),
                missed + ["wait", standIn], record: "hit stale-if-error 200 failed"),
            Life(
                "does not stand in once the head has left",
                withCacheControl(tolerant, stale, sse, .responseFailed(.connectionLost)),
                missed + ["deliver 200 reprise; fwd=stale; stored", "cut"],
                record: "miss - 200 cut failed"),
            Life(
                "is too stale to stand in",
                withCacheControl(
                    "stale-if-error=5", stale, .responseFailed(.timedOut)),
                missed + ["respond 504 reprise; fwd=stale"],
                record: "error upstream_timeout 504 failed"),
            Life(
                "is not asked to stand in",
                ExchangeSample.upToLookup() + [.lookedUp(stale), .responseFailed(.timedOut)],
                missed + ["respond 504 reprise; fwd=stale"],
                record: "error upstream_timeout 504 failed"),
        ]
}
