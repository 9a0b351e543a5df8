import RepriseCore
import Testing

struct RequestPolicyTests {
    /// A request of `Tests/Vectors/policy.json` and what becomes of it.
    struct Row: Decodable, CustomTestStringConvertible, Sendable {
        let name: String
        let method: String
        let path: String
        let headers: [[String]]
        let body: String
        /// `cacheable`, or the detail of the bypass.
        let expect: String
        let model: String?
        let stream: Bool?
        let limitsOutput: Bool?
        let answers: Int64?

        var testDescription: String { name }

        var head: RequestHead {
            RequestHead(
                method: method.wire, path: path.wire, query: nil,
                headers: headers.map { HeaderField($0[0], $0[1]) })
        }
    }

    private static func plan(_ row: Row) throws -> RequestPolicy.Plan {
        let directives = try Directives.parse(row.head.headers)
        if let reason = RequestPolicy.bypass(row.head, directives) { return .bypass(reason) }
        return RequestPolicy.plan(
            row.head, directives, upstream: "https://api.example/v1".wire,
            sharesCredentials: false, body: row.body.wire.span)
    }

    @Test(arguments: try VectorFile.decode("policy.json", as: [Row].self))
    func requestIsCachedOrBypassed(row: Row) throws {
        switch try Self.plan(row) {
        case .bypass(let reason):
            #expect(reason.detail.readable == row.expect)
        case .cacheable(let request):
            #expect(row.expect == "cacheable")
            #expect(request.endpoint == Endpoint.match(path: row.path.wire))
            #expect(!request.keyMaterial.isEmpty)
            if let model = row.model { #expect(request.model?.readable == model) }
            if let stream = row.stream { #expect(request.wantsStream == stream) }
            if let answers = row.answers { #expect(request.answerCount == answers) }
            if let limits = row.limitsOutput { #expect(request.limitsOutput == limits) }
        }
    }

    @Test func tableCoversEveryReason() throws {
        let seen = Set(try VectorFile.decode("policy.json", as: [Row].self).map(\.expect))
        #expect(seen == Set(BypassReason.allCases.map(\.detail.readable) + ["cacheable"]))
    }

    @Test func modelOf256BytesIsKept() throws {
        func model(_ length: Int) throws -> Int? {
            let head = RequestHead(
                method: "POST".wire, path: "/embeddings".wire, query: nil,
                headers: [HeaderField("content-type", "application/json")])
            let name = String(repeating: "m", count: length)
            let plan = RequestPolicy.plan(
                head, Directives(), upstream: [], sharesCredentials: false,
                body: "{\"model\":\"\(name)\"}".wire.span)
            guard case .cacheable(let request) = plan else { return -1 }
            return request.model?.count
        }
        #expect(try model(256) == 256)
        #expect(try model(257) == nil)
    }

    @Test func everyTruncationOfABodyIsBypassed() {
        let head = RequestHead(
            method: "POST".wire, path: "/responses".wire, query: nil,
            headers: [HeaderField("content-type", "application/json")])
        let body =
            #"{"model":"m","input":[{"role":"user","content":"é"}],"tools":[{"type":"mcp"}]}"#
        for length in 0..<body.wire.count {
            let plan = RequestPolicy.plan(
                head, Directives(), upstream: [], sharesCredentials: false,
                body: Array(body.wire[..<length]).span)
            #expect(plan == .bypass(.invalidJSON))
        }
    }
}
