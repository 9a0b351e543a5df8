import RepriseCore
import Testing

struct DirectivesTests {
    private static func parse(_ headers: [(String, String)]) throws(DirectiveError) -> Directives {
        try Directives.parse(headers.map { HeaderField($0.0, $0.1) })
    }

    @Test(
        arguments: [
            ([], Directives()),
            ([("X-Proxy-TTL", "60")], Directives(ttl: 60)),
            ([("x-proxy-ttl", "0")], Directives(ttl: 0)),
            ([("X-Proxy-TTL", "007")], Directives(ttl: 7)),
            ([("X-Proxy-TTL", "2147483648")], Directives(ttl: 2_147_483_647)),
            ([("X-Proxy-TTL", String(repeating: "9", count: 400))], Directives(ttl: 2_147_483_647)),
            ([("X-Proxy-TTL", "5"), ("X-Proxy-TTL", "05")], Directives(ttl: 5)),
            ([("X-Proxy-Refresh", "TRUE")], Directives(refresh: true)),
            ([("X-Proxy-Refresh", "false")], Directives(refresh: false)),
            ([("X-Proxy-Namespace", "team/a:1")], Directives(namespace: "team/a:1".wire)),
            (
                [("X-Proxy-Tags", " a ,, b,a"), ("X-Proxy-Tags", "c")],
                Directives(tags: ["a".wire, "b".wire, "c".wire])
            ),
            // A convention of event streams, and what goes beyond it.
            ([("Accept", "text/event-stream"), ("Cache-Control", "no-cache")], Directives()),
            ([("Accept", "text/event-stream"), ("Cache-Control", " No-Store ")], Directives()),
            (
                [
                    ("Accept", "application/json, text/event-stream;q=0.9"),
                    ("Cache-Control", "no-cache"),
                ],
                Directives()
            ),
            (
                [("Accept", "text/event-stream"), ("Cache-Control", "no-cache, max-age=0")],
                Directives(noCache: true, maxAge: 0)
            ),
            (
                [("Accept", "text/event-stream"), ("Cache-Control", "no-cache, no-store")],
                Directives(noStore: true, noCache: true)
            ),
            (
                [
                    ("Accept", "text/event-stream"), ("Cache-Control", "no-cache"),
                    ("Cache-Control", "no-cache"),
                ], Directives(noCache: true)
            ),
            (
                [
                    ("Accept", "text/event-stream"), ("Cache-Control", "no-cache"),
                    ("X-Proxy-Refresh", "true"),
                ], Directives(refresh: true)
            ),
            (
                [("Accept", "text/event-streams"), ("Cache-Control", "no-cache")],
                Directives(noCache: true)
            ),
            ([("Cache-Control", "no-store")], Directives(noStore: true)),
            ([("Cache-Control", "No-Cache")], Directives(noCache: true)),
            (
                [("Cache-Control", "only-if-cached, max-age=5")],
                Directives(onlyIfCached: true, maxAge: 5)
            ),
            ([("Cache-Control", "max-age=\"10\"")], Directives(maxAge: 10)),
            ([("Cache-Control", "max-age = 10 ")], Directives(maxAge: 10)),
            ([("Cache-Control", "max-age=ten")], Directives(maxAge: 0)),
            ([("Cache-Control", "max-age")], Directives(maxAge: 0)),
            ([("Cache-Control", "max-age=-1")], Directives(maxAge: 0)),
            ([("Cache-Control", "max-age=9, max-age=4")], Directives(maxAge: 4)),
            (
                [("Cache-Control", "max-age=4"), ("Cache-Control", "min-fresh=9,min-fresh=3")],
                Directives(maxAge: 4, minFresh: 9)
            ),
            ([("Cache-Control", "min-fresh=x")], Directives()),
            ([("Cache-Control", "max-stale")], Directives(maxStale: .any)),
            ([("Cache-Control", "max-stale=30")], Directives(maxStale: .seconds(30))),
            ([("Cache-Control", "max-stale, max-stale=30")], Directives(maxStale: .seconds(30))),
            ([("Cache-Control", "max-stale=30, max-stale")], Directives(maxStale: .seconds(30))),
            ([("Cache-Control", "max-stale=30, max-stale=8")], Directives(maxStale: .seconds(8))),
            ([("Cache-Control", "max-stale=soon")], Directives()),
            ([("Cache-Control", "stale-if-error=600")], Directives(staleIfError: 600)),
            ([("Cache-Control", "stale-if-error")], Directives()),
            ([("Cache-Control", "a=\"no-store, no-cache\", public, =")], Directives()),
            ([("Pragma", "no-cache")], Directives()),
        ] as [([(String, String)], Directives)])
    func headersAreRead(headers: [(String, String)], expected: Directives) throws {
        #expect(try Self.parse(headers) == expected)
    }

    @Test(
        arguments: [
            ([("X-Proxy-Unknown", "?")], .unknown("x-proxy-unknown".wire)),
            ([("X-Proxy-TLL", "60")], .unknown("x-proxy-tll".wire)),
            ([("X-Proxy-TTL", "")], .ttl([])),
            ([("X-Proxy-TTL", "-1")], .ttl("-1".wire)),
            ([("X-Proxy-TTL", "+1")], .ttl("+1".wire)),
            ([("X-Proxy-TTL", "1.5")], .ttl("1.5".wire)),
            ([("X-Proxy-TTL", "0x10")], .ttl("0x10".wire)),
            ([("X-Proxy-TTL", "5, 5")], .ttl("5, 5".wire)),
            ([("X-Proxy-TTL", "5"), ("X-Proxy-TTL", "6")], .conflictingTTL),
            ([("X-Proxy-Refresh", "yes")], .refresh("yes".wire)),
            ([("X-Proxy-Refresh", "true"), ("X-Proxy-Refresh", "false")], .conflictingRefresh),
            ([("X-Proxy-Namespace", "")], .namespace([])),
            ([("X-Proxy-Namespace", "a b")], .namespace("a b".wire)),
            ([("X-Proxy-Namespace", "é")], .namespace("é".wire)),
            ([("X-Proxy-Namespace", "a,b")], .namespace("a,b".wire)),
            ([("X-Proxy-Namespace", "a"), ("X-Proxy-Namespace", "b")], .conflictingNamespace),
            ([("X-Proxy-Tags", "ok, not ok")], .tag("not ok".wire)),
            (
                [("X-Proxy-Tags", (1...17).map { "t\($0)" }.joined(separator: ","))],
                .tooManyTags
            ),
        ] as [([(String, String)], DirectiveError)])
    func mistakesAreErrors(headers: [(String, String)], expected: DirectiveError) {
        #expect(throws: expected) { try Self.parse(headers) }
    }

    @Test func labelsMayHave64Bytes() throws {
        let longest = String(repeating: "n", count: 64)
        #expect(
            try Self.parse([("X-Proxy-Namespace", longest), ("X-Proxy-Tags", longest)])
                == Directives(namespace: longest.wire, tags: [longest.wire]))
        #expect(throws: DirectiveError.namespace((longest + "n").wire)) {
            try Self.parse([("X-Proxy-Namespace", longest + "n")])
        }
        #expect(throws: DirectiveError.tag((longest + "n").wire)) {
            try Self.parse([("X-Proxy-Tags", longest + "n")])
        }
    }

    @Test func sixteenTagsAreTaken() throws {
        let tags = (1...16).map { "t\($0)" }
        let parsed = try Self.parse([("X-Proxy-Tags", (tags + ["t1"]).joined(separator: ","))])
        #expect(parsed.tags == tags.map(\.wire))
    }

    @Test(arguments: [
        (Directives(), true, false, false),
        (Directives(noStore: true), false, false, false),
        (Directives(ttl: 0), false, false, true),
        (Directives(ttl: 5, noStore: true), true, false, false),
        (Directives(noCache: true), true, true, false),
        (Directives(refresh: true), true, true, false),
        (Directives(refresh: false, noCache: true), true, false, false),
        (Directives(refresh: true, noStore: true), false, true, false),
    ])
    func ownHeadersWinOverCacheControl(
        directives: Directives, mayStore: Bool, skipsLookup: Bool, bypassesCache: Bool
    ) {
        #expect(directives.mayStore == mayStore)
        #expect(directives.skipsLookup == skipsLookup)
        #expect(directives.bypassesCache == bypassesCache)
    }

    @Test(arguments: [
        (Directives(), true), (Directives(ttl: 5, noStore: true, maxStale: .any), true),
        (Directives(ttl: 0), false), (Directives(refresh: true), false),
        (Directives(noCache: true), false), (Directives(refresh: false, noCache: true), true),
        (Directives(maxAge: 5), false), (Directives(minFresh: 5), false),
    ])
    func anyFreshResponseWillDoWithoutDemands(directives: Directives, expected: Bool) {
        #expect(directives.takesAnyFreshResponse == expected)
    }

    @Test func messageNamesHeaderValueAndRemedy() {
        let error = DirectiveError.ttl("12 elephants\r\n\u{e9}".wire)
        #expect(
            error.message.readable
                == "X-Proxy-TTL: \"12 elephants????\" is not a number of seconds; "
                + "send digits only, such as 3600, or 0 for no caching")
        #expect(error.code.readable == "invalid_ttl")
    }

    @Test func messageShowsABoundedValue() {
        let message = DirectiveError.refresh([UInt8](repeating: 0x61, count: 5000)).message
        #expect(message.count < 160)
        #expect(message.readable.contains("aaa...\""))
    }
}
