import RepriseCore
import Testing

/// Random requests: another spelling keeps the key material, any change of meaning changes it.
struct KeyMaterialPropertyTests {
    @Test(arguments: 0..<150 as Range<UInt64>)
    func otherSpellingKeepsTheMaterial(_ seed: UInt64) throws {
        var source = SeededSource(10_000 + seed)
        let sample = JSONSample.object(depth: 4, from: &source)
        let request = Self.request(from: &source)
        let first = try Self.material(of: request, sample, from: &source)
        let respelt = Self.respelt(request, from: &source)
        #expect(try Self.material(of: respelt, sample, from: &source) == first)
    }

    @Test(arguments: 0..<150 as Range<UInt64>)
    func anyChangeOfMeaningChangesTheMaterial(_ seed: UInt64) throws {
        var source = SeededSource(20_000 + seed)
        let sample = JSONSample.object(depth: 4, from: &source)
        let request = Self.request(from: &source)
        let first = try Self.material(of: request, sample, from: &source)
        #expect(
            try Self.material(of: request, sample.changed(from: &source), from: &source) != first)
        for change in Self.changes {
            let other = Self.respelt(change(request), from: &source)
            #expect(try Self.material(of: other, sample, from: &source) != first)
        }
    }

    private static let keyed = [
        "authorization", "api-key", "x-api-key", "x-goog-api-key", "cf-aig-authorization",
        "helicone-auth", "x-auth-token", "openai-organization", "openai-project", "openai-beta",
        "anthropic-version", "anthropic-beta",
    ]
    private static let ignored = [
        "user-agent", "x-stainless-os", "idempotency-key", "x-proxy-tags", "traceparent", "cookie",
    ]

    /// Every single change that makes another request of one, whatever it holds.
    private static let changes: [@Sendable (KeyedRequest) -> KeyedRequest] =
        [
            { $0.with { $0.upstream.append(0x2F) } },
            { $0.with { $0.head.path.append(0x2F) } },
            { $0.with { $0.head.method = Array("PUT".utf8) } },
            { $0.with { $0.head.query = $0.head.query == nil ? [] : nil } },
            { $0.with { $0.head.query = ($0.head.query ?? []) + Array("&a=b".utf8) } },
            { $0.with { $0.namespace = $0.namespace == nil ? [] : nil } },
            { $0.with { $0.namespace = ($0.namespace ?? []) + [0x61] } },
            { $0.with { $0.mediaType.append(0x78) } },
            { $0.with { $0.sharesCredentials.toggle() } },
            { $0.adding(HeaderField("accept", "text/event-stream")) },
            { $0.with { $0.head.headers.append(HeaderField("anthropic-beta", "one more")) } },
            { $0.with { $0.head.headers.insert(HeaderField("openai-beta", ""), at: 0) } },
        ]

    private static func request(from source: inout SeededSource) -> KeyedRequest {
        var request = KeyedRequest()
        request.head.headers = (0..<source.pick(0...6)).map { _ in
            HeaderField(source.pick(keyed), source.pick(["", "a", "b", "a, b", "Bearer sk-1"]))
        }
        request.head.query = source.pick([nil, [], Array("api-version=1".utf8)])
        request.namespace = source.pick([nil, [], Array("tests".utf8)])
        request.sharesCredentials = source.once(in: 4)
        return request
    }

    /// The request with headers that do not matter, and those that do in another order.
    private static func respelt(
        _ request: KeyedRequest, from source: inout SeededSource
    ) -> KeyedRequest {
        request.with { request in
            // The values of one name keep their order; names change places.
            let names = (keyed + ["accept"]).shuffled(using: &source)
            request.head.headers = names.flatMap { name in
                request.head.headers.filter { $0.name == Array(name.utf8) }
            }
            for _ in 0..<source.pick(0...4) {
                request.head.headers.insert(
                    HeaderField(source.pick(ignored).uppercased(), "\(source.next())"),
                    at: source.pick(0...request.head.headers.count))
            }
        }
    }

    private static func material(
        of request: KeyedRequest, _ sample: JSONSample, from source: inout SeededSource
    ) throws -> [UInt8] {
        let document = Array(sample.spelling(from: &source).utf8)
        let form = try CanonicalJSON.form(of: document)
        return request.with { $0.body = form }.material
    }
}
