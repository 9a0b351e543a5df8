import RepriseCore
import Testing

/// What tells two requests apart and what does not.
struct KeyMaterialTests {
    private let plain = KeyedRequest()

    @Test func layoutIsCountsAndLengthsInFrontOfBytes() {
        func number(_ value: UInt8) -> [UInt8] { [0, 0, 0, 0, 0, 0, 0, value] }
        func element(_ strings: String...) -> [UInt8] {
            number(UInt8(strings.count))
                + strings.flatMap { number(UInt8($0.utf8.count)) + Array($0.utf8) }
        }
        let request = plain.adding(HeaderField("OpenAI-Beta", "x"), HeaderField("X-Other", "y"))
            .with { $0.head.query = Array("a=b".utf8) }
        let head =
            element("reprise-key-1") + element("https://api.openai.com/v1") + element("POST")
            + element("/chat/completions") + element("a=b") + element("application/json")
        let tail =
            element() + element("own") + element("authorization", "Bearer sk-one")
            + element("openai-beta", "x") + element() + element("{}")
        #expect(request.material == head + tail)
    }

    @Test func everyPartTellsRequestsApart() {
        let requests =
            [
                plain,
                plain.with { $0.upstream.append(0x31) }, plain.with { $0.upstream = [] },
                plain.with { $0.head.method = Array("PUT".utf8) },
                plain.with { $0.head.path.append(0x2F) },
                plain.with { $0.head.query = [] },
                plain.with { $0.head.query = Array("beta=true".utf8) },
                plain.with { $0.head.query = Array("beta=tru%65".utf8) },
                plain.with { $0.mediaType = Array("text/json".utf8) },
                plain.with { $0.namespace = [] }, plain.with { $0.namespace = Array("n".utf8) },
                plain.with { $0.sharesCredentials = true },
                plain.with { $0.body = Array("[]".utf8) }, plain.with { $0.body = [] },
                plain.adding(HeaderField("accept", "text/event-stream")),
                plain.with { $0.head.headers = [] },
            ]
            + [
                "authorization", "api-key", "x-api-key", "x-goog-api-key", "openai-organization",
                "openai-project", "openai-beta", "anthropic-version", "anthropic-beta",
            ].flatMap { name in
                ["", "a", "a, b", "A", "Bearer sk-one"].map { plain.adding(HeaderField(name, $0)) }
            }
        #expect(Set(requests.map(\.material)).count == requests.count)
    }

    @Test(arguments: [
        "accept", "accept-encoding", "accept-language", "user-agent", "x-stainless-lang",
        "x-stainless-retry-count", "idempotency-key", "x-request-id", "x-client-request-id",
        "traceparent", "tracestate", "x-proxy-ttl", "x-proxy-refresh", "x-proxy-tags",
        "cache-control", "cookie", "content-type", "content-length", "host", "date", "origin",
        "authorization2", "x-idempotency-key", "x-key-id", "key", "x-author",
    ])
    func otherHeadersDoNotMatter(_ name: String) {
        let request = plain.adding(HeaderField(name, "application/json, x"))
        #expect(request.material == plain.material)
    }

    @Test func nameOfACredentialMatters() {
        let names = [
            "authorization", "api-key", "x-api-key", "x-goog-api-key", "ocp-apim-subscription-key",
            "cf-aig-authorization", "x-portkey-api-key", "helicone-auth", "x-auth-token", "apikey",
            "x-client-secret",
        ]
        let materials = names.map { name in
            plain.with { $0.head.headers = [HeaderField(name, "sk-one")] }.material
        }
        #expect(Set(materials).count == names.count)
    }

    @Test func caseOfAHeaderNameDoesNotMatter() {
        #expect(
            plain.adding(HeaderField("OpenAI-Beta", "x")).material
                == plain.adding(HeaderField("openai-beta", "x")).material)
    }

    @Test func orderOfDifferentHeadersDoesNotMatter() {
        let request = plain.adding(
            HeaderField("openai-beta", "x"), HeaderField("api-key", "k"),
            HeaderField("helicone-auth", "h"), HeaderField("x-auth-token", "t"),
            HeaderField("user-agent", "u"), HeaderField("anthropic-version", "v"))
        #expect(request.with { $0.head.headers.reverse() }.material == request.material)
    }

    @Test(arguments: ["authorization", "helicone-auth", "openai-beta", "anthropic-beta"])
    func orderAndNumberOfOneHeadersValuesMatter(_ name: String) {
        let values = [
            ["a"], ["a", "b"], ["b", "a"], ["a, b"], ["a,b"], ["ab"], ["", "ab"], ["a", ""],
        ]
        let materials = values.map { values in
            plain.with { $0.head.headers = values.map { HeaderField(name, $0) } }.material
        }
        #expect(Set(materials).count == values.count)
    }

    @Test func bytesDoNotMoveFromOnePartToTheNext() {
        // The same bytes in a row, cut in different places.
        let requests = [
            plain.with { $0.head.path = Array("/a".utf8) },
            plain.with {
                $0.upstream += Array("/a".utf8)
                $0.head.path = []
            },
            plain.with {
                $0.head.path = []
                $0.head.query = Array("/a".utf8)
            },
            plain.with {
                $0.head.path = Array("/".utf8)
                $0.head.query = Array("a".utf8)
            },
        ]
        #expect(Set(requests.map(\.material)).count == requests.count)
        let fields = [("a", ""), ("", "a"), ("a", nil), (nil, "a")].map { first, second in
            plain.with { request in
                request.head.headers += first.map { [HeaderField("openai-beta", $0)] } ?? []
                request.head.headers += second.map { [HeaderField("anthropic-beta", $0)] } ?? []
            }
        }
        #expect(Set(fields.map(\.material)).count == fields.count)
    }

    @Test(arguments: [
        ("text/event-stream", true), ("Text/Event-Stream", true), ("text/event-stream;q=1", true),
        ("application/json, text/event-stream", true), ("*/* , text/event-stream ; q=0.9", true),
        ("", false), ("*/*", false), ("text/*", false), ("application/json", false),
        ("text/event-streams", false), ("xtext/event-stream", false),
        ("application/json;a=text/event-stream", false),
        ("application/json, text/plain, */*", false),
    ])
    func acceptCountsByWhetherItNamesEventStreams(_ value: String, _ namesStream: Bool) {
        let request = plain.adding(HeaderField("accept", value))
        let stream = plain.adding(HeaderField("accept", "text/event-stream"))
        #expect(request.material == (namesStream ? stream : plain).material)
        #expect(stream.material != plain.material)
    }

    @Test func sharedCredentialsAreLeftOut() {
        let shared = plain.with { $0.sharesCredentials = true }
        let other = shared.adding(HeaderField("x-api-key", "another"))
        let none = shared.with { $0.head.headers = [] }
        #expect(shared.material == other.material)
        #expect(shared.material == none.material)
        #expect(shared.adding(HeaderField("openai-organization", "o")).material != shared.material)
        // A request without credentials is not one that shares them.
        #expect(none.with { $0.sharesCredentials = false }.material != none.material)
    }

    @Test func scopeIsThatOfTheCredentialsAlone() {
        let expected = scope(of: plain)
        func scope(of request: KeyedRequest) -> [UInt8] {
            KeyMaterial.credentialScope(of: request.head)
        }
        #expect(
            scope(
                of: plain.adding(HeaderField("openai-beta", "x")).with {
                    $0.head.path = []
                    $0.head.query = []
                }) == expected)
        #expect(scope(of: plain.adding(HeaderField("x-api-key", "k"))) != expected)
        #expect(scope(of: plain.with { $0.head.headers = [] }) != expected)
        #expect(scope(of: plain.with { $0.head.headers[0].value = [] }) != expected)
        #expect(expected.starts(with: [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 15]))
    }
}
