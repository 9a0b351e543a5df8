import HTTPTypes
import RepriseCore
import Testing

@testable import RepriseServer

struct KeyedBytesTests {
    /// Requests of which any two differ in something that the key or the policy depends on.
    private static let different: [RequestText] = {
        let base = RequestText()
        var texts = [
            base, RequestText(target: "/v1/chat/completions?"),
            RequestText(target: "/v1/responses"),
            RequestText(fields: [("Host", "h")]),
            RequestText(fields: [("Host", "h"), ("Content-Type", "application/json;a=b")]),
            base.adding("Accept", "a").adding("api-key", ""),
            base.adding("api-key", "").adding("Accept", "a"),
            base.adding("X-Proxy-TTL", "1").adding("X-Proxy-TTL", "2"),
            base.adding("X-Proxy-TTL", "2").adding("X-Proxy-TTL", "1"),
            base.adding("X-Proxy-Namespace", "a").adding("X-Proxy-Tags", "b"),
            base.adding("X-Proxy-Namespace", "b").adding("X-Proxy-Tags", "a"),
        ]
        for name in KeyedBytesOracle.keyedNames.dropFirst() + ["Cache-Control"] {
            for value in ["", "a", "b", "aa", "a b"] { texts.append(base.adding(name, value)) }
        }
        for name in ["X-Proxy-TTL", "X-Proxy-Refresh", "X-Proxy-Namespace", "X-Proxy-Tags"] {
            for value in ["", "a", "1", "true"] { texts.append(base.adding(name, value)) }
        }
        return texts
    }()

    @Test func requestsThatDifferInAKeyedPartDifferInTheirKeyedBytes() {
        let keyed = Self.different.compactMap { text in
            PlainScan(text).request == nil ? nil : PlainScan(text).keyed
        }
        #expect(keyed.count == Self.different.count)
        #expect(Set(keyed).count == Self.different.count)
    }

    /// They could be told apart even with the body run together.
    @Test func noKeyedBytesBeginWithOthers() {
        let keyed = Set(Self.different.map { PlainScan($0).keyed })
        for one in keyed {
            for other in keyed where other != one {
                #expect(!other.starts(with: one))
            }
        }
    }

    @Test(
        arguments: [
            ("User-Agent", "x"), ("X-Stainless-Retry-Count", "1"), ("Idempotency-Key", "x"),
            ("Cookie", "a=b"), ("Connection", "keep-alive"), ("Accept-Encoding", "gzip"),
            ("X-Proxy", "x"), ("Accept-Language", "de"), ("If-None-Match", "*"),
        ])
    func anIndifferentFieldIsNotKeyed(name: String, value: String) {
        let text = RequestText()
        #expect(PlainScan(text.adding(name, value)).keyed == PlainScan(text).keyed)
    }

    @Test func whiteSpaceAroundAValueAndTheCaseOfANameAreNotKeyed() {
        let plain = RequestText().adding("authorization", "Bearer k")
        for (name, value) in [("Authorization", "  Bearer k"), ("AUTHORIZATION", "Bearer k ")] {
            #expect(
                PlainScan(RequestText().adding(name, value)).keyed == PlainScan(plain).keyed)
        }
    }

    @Test func methodsThatAreNotKeyedAreNotKnown() {
        for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            #expect(PlainScan(RequestText(method: method)).request?.mayBeKnown == false)
        }
    }

    /// Every field that the core's key or policy reads is keyed: two requests with the same keyed
    /// bytes and the same body come to the same plan.
    @Test func requestsOfOneAliasComeToOnePlan() {
        var generator = RequestGenerator(seed: 2)
        var plans: [[UInt8]: [RoutedPlan]] = [:]
        var met = 0
        for _ in 0..<20_000 {
            let bytes = generator.text().bytes
            let scan = PlainScan(bytes)
            guard let request = scan.request, request.mayBeKnown, request.length == bytes.count,
                let plan = RoutedPlan(bytes)
            else { continue }
            let alias = scan.keyed + bytes[request.headLength...]
            for other in plans[alias, default: []] { #expect(other == plan) }
            met += plans[alias] == nil ? 0 : 1
            plans[alias] = [plan]
        }
        #expect(met > 100, "too few requests share an alias")
    }

    /// What is read back from the keyed bytes comes to the same plan as the whole head does.
    @Test func keyedPartsComeToThePlanOfTheFullPath() {
        var generator = RequestGenerator(seed: 3)
        var compared = 0
        for _ in 0..<20_000 {
            let bytes = generator.text().bytes
            let scan = PlainScan(bytes)
            guard let request = scan.request, request.mayBeKnown, request.length == bytes.count,
                let plan = RoutedPlan(bytes)
            else { continue }
            #expect(RoutedPlan(scan.keyed, body: Array(bytes[request.headLength...])) == plan)
            compared += 1
        }
        #expect(compared > 1000, "too few requests are plain")
    }

    /// What is decided about a request.
    private struct RoutedPlan: Equatable {
        var route: Route
        var directives: Result<Directives, DirectiveError>
        var bypass: BypassReason?
        var plan: RequestPolicy.Plan?

        init?(_ bytes: [UInt8]) {
            guard let request = FullParse([bytes]).requests.first else { return nil }
            self.init(
                RequestHead(request.head, path: [], query: nil),
                target: Array((request.head.path ?? "").utf8), body: request.body)
        }

        init(_ keyed: [UInt8], body: [UInt8]) {
            let parts = KeyedParts(keyed)
            let head = RequestHead(
                method: .init("POST"), path: [], query: nil, headers: parts.fields)
            self.init(head, target: parts.target, body: body)
        }

        private init(_ request: RequestHead, target: [UInt8], body: [UInt8]) {
            route = RouteTable(names: []).route(target: target)
            var head = request
            if case .upstream(_, let path, let query) = route {
                head.path = path
                head.query = query
            }
            directives = Result { () throws(DirectiveError) in try .parse(head.headers) }
            guard case .success(let parsed) = directives else { return }
            bypass = RequestPolicy.bypass(head, parsed)
            guard bypass == nil else { return }
            plan = RequestPolicy.plan(
                head, parsed, upstream: [], sharesCredentials: false, body: body.span)
        }
    }
}
