import RepriseCore
import Testing

/// The heads that an exchange makes, and what its fetch and record say.
struct ExchangeHeadTests {
    /// What the head of a response already says about storing it.
    @Test(
        arguments: [
            (201, [("content-type", "application/json")], "status"),
            (404, [("content-type", "text/event-stream")], "status"),
            (206, [("content-type", "text/event-stream")], "status"),
            (200, [("content-type", "text/html")], "content-type"),
            (200, [], "content-type"),
            (200, [("content-type", "audio/mpeg")], "content-type"),
            (
                200, [("content-type", "text/event-stream"), ("content-encoding", "gzip")],
                "content-encoding"
            ),
            (
                200, [("content-type", "application/json"), ("content-encoding", "br")],
                "content-encoding"
            ),
            (200, [("content-type", "text/event-stream"), ("vary", "origin, *")], "vary"),
            (200, [("content-type", "application/json"), ("vary", "*")], "vary"),
        ] as [(Int32, [(String, String)], String)])
    func whatTheHeadRulesOutIsNeverCalledStored(
        status: Int32, headers: [(String, String)], detail: String
    ) {
        for isCollapsed in [false, true] {
            var exchange = ExchangeSample.exchange(
                after: ExchangeSample.upToLookup()
                    + [.lookedUp(nil), .fetching(isCollapsed: isCollapsed)])
            let step = ExchangeEvent.responseBegan(status, headers).happen(to: &exchange)
            let collapsed = isCollapsed ? "; collapsed" : ""
            #expect(
                step == "deliver \(status) reprise; fwd=uri-miss\(collapsed); detail=\(detail)")
            #expect(exchange.record.reason?.readable == detail)
            // The recorder judges by the same head.
            let recorder = ResponseRecorder(
                Self.fetch(), head: ResponseHead(status: status, headers: Self.fields(headers)),
                settings: ExchangeSample.settings, now: 0)
            #expect(recorder?.rejection?.detail.readable == detail)
        }
    }

    @Test(arguments: [
        ("application/json", true), ("Application/JSON; charset=utf-8", true),
        ("application/problem+json", true), ("text/event-stream", false),
    ])
    func documentIsWaitedForAndStreamIsNot(type: String, isHeld: Bool) {
        var exchange = ExchangeSample.exchange(
            after: ExchangeSample.upToLookup() + [.lookedUp(nil)])
        let step = ExchangeEvent.responseBegan(200, [("content-type", type)])
            .happen(to: &exchange)
        #expect((step == "hold") == isHeld)
    }

    @Test func soundIsDeliveredAsItComes() {
        let begun = ExchangeSample.request("POST", "/v1/audio/speech")
        var exchange = ExchangeSample.exchange(
            after: [.began(begun), .bodyRead("{}"), .digested, .lookedUp(nil)])
        let step = ExchangeEvent.responseBegan(200, [("content-type", "audio/mpeg")])
            .happen(to: &exchange)
        #expect(step == "deliver 200 reprise; fwd=uri-miss; stored")
    }

    @Test func liveHeadIsTheUpstreamsWithoutWhatIsNotToPass() {
        var exchange = ExchangeSample.exchange(
            after: ExchangeSample.upToLookup() + [.lookedUp(nil)])
        let step = exchange.responseBegan(
            ResponseHead(
                status: 200,
                headers: Self.fields([
                    ("content-type", "text/event-stream"), ("set-cookie", "a=b"),
                    ("connection", "x-gone"), ("x-gone", "1"), ("cache-status", "up; hit"),
                    ("content-length", "12"), ("x-kept", "1"), ("cache-status", "edge; fwd=miss"),
                ])), now: ExchangeSample.now)
        #expect(
            step
                == .deliver(
                    ResponseHead(
                        status: 200,
                        headers: Self.fields([
                            ("content-type", "text/event-stream"), ("content-length", "12"),
                            ("x-kept", "1"),
                            (
                                "cache-status",
                                "up; hit, edge; fwd=miss, reprise; fwd=uri-miss; stored"
                            ),
                        ]))))
    }

    @Test func whatOnlyOneClientGetsKeepsItsCookies() {
        var exchange = ExchangeSample.exchange(
            after: [.began(ExchangeSample.request("GET", "/v1/models", hasBody: false))])
        let step = exchange.responseBegan(
            ResponseHead(status: 200, headers: Self.fields([("set-cookie", "a=b")])), now: 0)
        #expect(
            step
                == .deliver(
                    ResponseHead(
                        status: 200,
                        headers: Self.fields([
                            ("set-cookie", "a=b"), ("cache-status", "reprise; fwd=method"),
                        ]))))
    }

    @Test func wholeDocumentTellsItsOwnLength() {
        var exchange = ExchangeSample.exchange(
            after: ExchangeSample.upToLookup()
                + [
                    .lookedUp(nil),
                    .responseBegan(200, ExchangeSample.json + [("content-length", "99")]),
                ])
        #expect(
            exchange.responseEnded(length: 2, .stored)
                == .deliverWhole(
                    ResponseHead(
                        status: 200,
                        headers: Self.fields([
                            ("content-type", "application/json"), ("content-length", "2"),
                            ("cache-status", "reprise; fwd=uri-miss; stored"),
                        ]))))
    }

    @Test func hitHasTheStoredFieldsItsAgeAndItsStatus() {
        var exchange = ExchangeSample.exchange(after: ExchangeSample.upToLookup())
        #expect(
            exchange.lookedUp(ExchangeSample.stored(age: 10), now: ExchangeSample.now)
                == .respond(
                    WholeResponse(
                        head: ResponseHead(
                            status: 200,
                            headers: Self.fields([
                                ("content-type", "application/json"), ("age", "10"),
                                ("cache-status", "reprise; hit; ttl=50"),
                            ])), body: .stored)))
    }

    @Test func fetchCarriesTheRequestAndHowItMayBeStored() throws {
        let fetch = try #require(
            Self.fetch(
                "/other/v1/chat/completions?a=b",
                [
                    ("authorization", "Bearer k"), ("cookie", "c"), ("x-proxy-ttl", "60"),
                    ("x-proxy-tags", "a, b"), ("x-proxy-namespace", "n"), ("x-kept", "1"),
                ]))
        #expect(fetch.upstream == 1)
        #expect(fetch.method.readable == "POST")
        #expect(fetch.path.readable == "/v1/chat/completions")
        #expect(fetch.query?.readable == "a=b")
        #expect(
            fetch.headers
                == Self.fields([
                    ("content-type", "application/json"), ("authorization", "Bearer k"),
                    ("x-kept", "1"), ("accept-encoding", "identity"),
                ]))
        let sharing = try #require(fetch.sharing)
        #expect(sharing.key == ExchangeSample.key)
        #expect(sharing.mayJoin)
        #expect(sharing.credentialScope == ExchangeSample.credentialScope)
        #expect(sharing.request.keyMaterial.isEmpty)
        #expect(
            sharing.storing
                == StoringTerms(ttl: 60, tags: ["a".wire, "b".wire], namespace: "n".wire))
    }

    @Test func freshResponseIsNotSharedAndNoStoreIsNotStored() {
        #expect(Self.fetch(headers: [("x-proxy-refresh", "true")]).sharing?.mayJoin == false)
        #expect(Self.fetch(headers: [("cache-control", "no-cache")]).sharing?.mayJoin == false)
        #expect(Self.fetch(headers: [("cache-control", "max-age=0")]).sharing?.mayJoin == true)
        #expect(Self.fetch(headers: [("cache-control", "no-store")]).sharing?.storing == nil)
        #expect(Self.fetch().sharing?.storing == StoringTerms())
        #expect(Self.fetch("/v1/files")?.sharing == nil)
    }

    @Test func defaultLifetimeIsThatOfTheSettings() {
        var settings = ExchangeSample.settings
        settings.defaultTTL = 300
        #expect(Self.fetch(settings: settings).sharing?.storing?.ttl == 300)
        let asked = Self.fetch(headers: [("x-proxy-ttl", "7")], settings: settings)
        #expect(asked.sharing?.storing?.ttl == 7)
    }

    @Test func recordNamesKeyUpstreamAndModel() {
        let record = ExchangeSample.exchange(after: ExchangeSample.upToLookup()).record
        #expect(record.key == ExchangeSample.key)
        #expect(record.upstream == 0)
        #expect(record.model?.readable == "m")
        let other = ExchangeSample.exchange(
            after: [.began(ExchangeSample.request("GET", "/other/x"))])
        #expect(other.record.upstream == 1)
        #expect(other.record.key == nil)
    }

    @Test func planChangesNothingAndGivesWhatTheBodyGives() {
        let exchange = ExchangeSample.exchange(after: [.began(ExchangeSample.request())])
        let plan = exchange.plan(ExchangeSample.chat.wire.span)
        var one = exchange
        var other = exchange
        #expect(one.planned(plan) == other.bodyRead(ExchangeSample.chat.wire.span))
        #expect(String(reflecting: one) == String(reflecting: other))
    }

    @Test func onlyWhatWouldBeServedIsAccepted() {
        let fresh = ExchangeSample.stored(age: 10)
        let stale = ExchangeSample.stored(age: 70)
        func accepts(_ metadata: EntryMetadata, _ headers: [(String, String)] = []) -> Bool {
            ExchangeSample.exchange(after: ExchangeSample.upToLookup(headers))
                .accepts(metadata, now: ExchangeSample.now)
        }
        #expect(accepts(fresh))
        #expect(!accepts(stale))
        #expect(accepts(stale, [("cache-control", "max-stale")]))
        #expect(!accepts(fresh, [("cache-control", "max-age=5")]))
        #expect(!accepts(fresh, [("x-proxy-refresh", "true")]))
    }

    private static func fields(_ pairs: [(String, String)]) -> [HeaderField] {
        pairs.map { HeaderField($0.0, $0.1) }
    }

    /// What a cacheable request asks the upstream.
    static func fetch(
        headers: [(String, String)] = [], settings: ExchangeSettings = ExchangeSample.settings
    ) -> Fetch {
        guard let fetch = fetch("/v1/chat/completions", headers, settings: settings) else {
            preconditionFailure("it is cacheable")
        }
        return fetch
    }

    /// What a request asks the upstream; nil when it asks nothing.
    static func fetch(
        _ target: String, _ headers: [(String, String)] = [],
        settings: ExchangeSettings = ExchangeSample.settings
    ) -> Fetch? {
        var exchange = Exchange(settings: settings)
        let steps = [
            exchange.began(
                ExchangeSample.request("POST", target, headers),
                routes: RouteTable(names: settings.names)),
            exchange.bodyRead(ExchangeSample.chat.wire.span),
            exchange.digested(
                key: ExchangeSample.key, credentialScope: ExchangeSample.credentialScope),
            exchange.lookedUp(nil, now: ExchangeSample.now),
        ]
        for case .fetch(let fetch) in steps { return fetch }
        return nil
    }
}
