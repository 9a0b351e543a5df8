import RepriseCore
import Testing

/// Every event in every state.
struct ExchangeStateTests {
    private static let events: [(name: String, event: ExchangeEvent)] = [
        ("began", .began(ExchangeSample.request())),
        ("bodyRead", .bodyRead(ExchangeSample.chat)),
        ("planned bypass", .planned(.bypass(.background))),
        ("planned cacheable", .planned(ExchangeSample.plan)),
        ("bodyTooLong", .bodyTooLong),
        ("bodyBroken", .bodyBroken),
        ("bodyRefused", .bodyRefused),
        ("digested", .digested),
        ("lookedUp nothing", .lookedUp(nil)),
        ("lookedUp fresh", .lookedUp(ExchangeSample.stored(age: 10))),
        ("lookedUp stale", .lookedUp(ExchangeSample.stored(age: 70))),
        ("fetching alone", .fetching(isCollapsed: false)),
        ("fetching with others", .fetching(isCollapsed: true)),
        ("responseBegan document", .responseBegan(200, ExchangeSample.json)),
        ("responseBegan stream", .responseBegan(200, ExchangeSample.sse)),
        ("responseBegan error", .responseBegan(503, ExchangeSample.json)),
        ("holdEnded", .holdEnded(nil)),
        ("holdEnded too large", .holdEnded(.tooLarge)),
        ("responseEnded stored", .responseEnded(.stored)),
        ("responseEnded not asked", .responseEnded(.notAsked)),
        ("responseEnded rejected", .responseEnded(.rejected(.truncated))),
        ("responseFailed lost", .responseFailed(.connectionLost)),
        ("responseFailed cancelled", .responseFailed(.cancelled)),
        ("clientLeft", .clientLeft),
    ]

    /// A state, how it is reached, and what each possible event leads to: the step and the state.
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var state: Exchange.State
        var before: [ExchangeEvent]
        var possible: [String: (step: String, state: Exchange.State)]
        var testDescription: String { name }
    }

    private static let miss = "reprise; fwd=uri-miss"
    private static let stored = "reprise; fwd=uri-miss; stored"
    private static let gone: (String, Exchange.State) = ("wait", .done)

    private static let lookup: [String: (step: String, state: Exchange.State)] = [
        "lookedUp nothing": ("fetch read", .fetching),
        "lookedUp fresh": ("respond 200 reprise; hit; ttl=50 (stored)", .done),
        "lookedUp stale": ("fetch read", .fetching),
        "clientLeft": gone,
    ]

    static let rows: [Row] = [
        Row(
            name: "received", state: .received, before: [],
            possible: ["began": ("read 500", .reading), "clientLeft": gone]),
        Row(
            name: "reading", state: .reading, before: [.began(ExchangeSample.request())],
            possible: [
                "bodyRead": ("digest", .keying),
                "planned bypass": ("fetch read", .fetching),
                "planned cacheable": ("digest", .keying),
                "bodyTooLong": ("respond 413", .done),
                "bodyBroken": ("respond 400", .done),
                "bodyRefused": ("respond 400", .done),
                "clientLeft": gone,
            ]),
        Row(
            name: "keying", state: .keying,
            before: Array(ExchangeSample.upToLookup().dropLast()),
            possible: ["digested": ("look up", .lookingUp), "clientLeft": gone]),
        Row(
            name: "lookingUp", state: .lookingUp, before: ExchangeSample.upToLookup(),
            possible: lookup),
        Row(
            name: "fetching", state: .fetching,
            before: ExchangeSample.upToLookup() + [.lookedUp(nil)],
            possible: [
                // What was stored on the way answers; what does not answer changes nothing.
                "lookedUp fresh": ("respond 200 reprise; hit; ttl=50 (stored)", .done),
                "fetching alone": ("wait", .fetching),
                "fetching with others": ("wait", .fetching),
                "responseBegan document": ("hold", .holding),
                "responseBegan stream": ("deliver 200 \(stored)", .delivering),
                "responseBegan error": ("deliver 503 \(miss); detail=status", .delivering),
                "responseFailed lost": ("respond 502 \(miss)", .done),
                "responseFailed cancelled": ("respond 503 \(miss)", .done),
                "clientLeft": gone,
            ]),
        Row(
            name: "fetching past the cache", state: .fetching,
            before: [.began(ExchangeSample.request("GET", "/v1/models", hasBody: false))],
            possible: [
                "responseBegan document": ("deliver 200 reprise; fwd=method", .delivering),
                "responseBegan stream": ("deliver 200 reprise; fwd=method", .delivering),
                "responseBegan error": ("deliver 503 reprise; fwd=method", .delivering),
                "responseFailed lost": ("respond 502 reprise; fwd=method", .done),
                "responseFailed cancelled": ("respond 503 reprise; fwd=method", .done),
                "clientLeft": gone,
            ]),
        Row(
            name: "fetching a fresh response", state: .fetching,
            before: ExchangeSample.upToLookup([("x-proxy-refresh", "true")]),
            possible: [
                "fetching alone": ("wait", .fetching),
                "fetching with others": ("wait", .fetching),
                "responseBegan document": ("hold", .holding),
                "responseBegan stream": (
                    "deliver 200 reprise; fwd=request; stored; detail=refresh", .delivering
                ),
                "responseBegan error": (
                    "deliver 503 reprise; fwd=request; detail=refresh", .delivering
                ),
                "responseFailed lost": (
                    "respond 502 reprise; fwd=request; detail=refresh", .done
                ),
                "responseFailed cancelled": (
                    "respond 503 reprise; fwd=request; detail=refresh", .done
                ),
                "clientLeft": gone,
            ]),
        Row(
            name: "holding", state: .holding,
            before: ExchangeSample.upToLookup()
                + [.lookedUp(nil), .responseBegan(200, ExchangeSample.json)],
            possible: [
                "holdEnded": ("deliver 200 \(stored)", .delivering),
                "holdEnded too large": ("deliver 200 \(miss); detail=too-large", .delivering),
                "responseEnded stored": ("deliver whole 200 \(stored)", .done),
                "responseEnded not asked": ("deliver whole 200 \(miss)", .done),
                "responseEnded rejected": (
                    "deliver whole 200 \(miss); detail=truncated", .done
                ),
                "responseFailed lost": ("respond 502 \(miss)", .done),
                "responseFailed cancelled": ("respond 503 \(miss)", .done),
                "clientLeft": gone,
            ]),
        Row(
            name: "delivering", state: .delivering,
            before: ExchangeSample.upToLookup()
                + [.lookedUp(nil), .responseBegan(200, ExchangeSample.sse)],
            possible: [
                "responseEnded stored": ("finish", .done),
                "responseEnded not asked": ("finish", .done),
                "responseEnded rejected": ("finish", .done),
                "responseFailed lost": ("cut", .done),
                "responseFailed cancelled": ("cut", .done),
                "clientLeft": gone,
            ]),
        Row(
            name: "done", state: .done,
            before: ExchangeSample.upToLookup()
                + [.lookedUp(ExchangeSample.stored(age: 10))],
            possible: [:]),
        Row(
            name: "done, left", state: .done, before: [.clientLeft], possible: [:]),
    ]

    @Test(arguments: rows)
    func eachEventLeadsToItsStepOrChangesNothing(row: Row) {
        let before = ExchangeSample.exchange(after: row.before)
        #expect(before.state == row.state)
        for (name, event) in Self.events {
            var exchange = before
            let step = event.happen(to: &exchange)
            if let expected = row.possible[name] {
                #expect(step == expected.step, "\(name) while \(row.name)")
                #expect(exchange.state == expected.state, "\(name) while \(row.name)")
            } else {
                #expect(step == "wait", "\(name) while \(row.name)")
                #expect(
                    String(reflecting: exchange) == String(reflecting: before),
                    "\(name) while \(row.name)")
            }
        }
        let names = Self.events.map(\.name)
        #expect(row.possible.keys.allSatisfy { names.contains($0) })
    }

    /// Nothing is done for who has gone, in whatever order the rest comes.
    @Test(arguments: rows)
    func nothingComesOfAnyEventOnceTheClientHasLeft(row: Row) {
        var left = ExchangeSample.exchange(after: row.before)
        left.clientLeft()
        let record = left.record
        for (name, event) in Self.events {
            #expect(event.happen(to: &left) == "wait", "\(name)")
        }
        #expect(left.record == record)
        #expect(left.state == .done)
        #expect(!left.keepsStored)
    }
}
