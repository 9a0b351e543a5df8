import Foundation
import RepriseSimulator
import Testing

/// What the log says of each request, and what it never says.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct RequestLogTests {
    /// What must not be found in any output of the proxy.
    private static let secrets = [
        "sk-credential-31415", "azure-key-27182", "anthropic-key-16180", "query-value-14142",
        "a-question-17320", "an-answer-22360", "cookie-24494", "tag-26457",
    ]

    @Test(arguments: ["info", "trace"], ["text", "json"])
    func noSecretIsInAnyOutput(level: String, format: String) async throws {
        let script = Script(
            rules: [
                .init(
                    path: "/v1/completions",
                    answers: [.error(status: 500, message: "an-answer-22360")]),
                .init(
                    path: "/v1/embeddings",
                    answers: [
                        SimulatedResponse.json(Chat.answer("an-answer-22360")).broken(
                            afterPieces: 0)
                    ]),
                .init(path: "/v1/moderations", answers: [SimulatedResponse([.reset])]),
            ],
            otherwise: .always(
                .json(Chat.answer("an-answer-22360"), headers: [("set-cookie", "a=cookie-24494")])))
        try await SimulatedUpstream.run(script) { upstream in
            try await ScratchDirectory.with { directory in
                try await ServedProxy.with(
                    upstream: upstream.origin, store: "sqlite:\(directory.path("cache.db"))",
                    ["--log-level", level, "--log-format", format]
                ) { proxy in
                    let headers = [
                        ("authorization", "Bearer sk-credential-31415"),
                        ("api-key", "azure-key-27182"), ("x-api-key", "anthropic-key-16180"),
                        ("cookie", "a=cookie-24494"), ("x-proxy-tags", "tag-26457"),
                    ]
                    for path in [
                        "chat/completions", "chat/completions", "completions", "moderations",
                        "unknown", "../nowhere",
                    ] {
                        _ = try await proxy.send(
                            .post, "/v1/\(path)?api-version=query-value-14142", headers: headers,
                            body: Chat.request("a-question-17320"))
                    }
                    // Cut behind the head, which the client cannot take for an answer.
                    _ = try? await proxy.send(
                        .post, "/v1/embeddings?api-version=query-value-14142", headers: headers,
                        body: Chat.request("a-question-17320"))
                    _ = try await WireConnection.exchange(
                        "GET /x?query-value-14142 HTTP/1.1\r\nAuthorization : sk-credential-31415"
                            + "\r\n\r\n", port: proxy.port)
                    #expect(await proxy.stop() == 0)
                    let all =
                        await proxy.process.output.wholeText() + proxy.process.errors.wholeText()
                    #expect(all.contains("/v1/chat/completions"))
                    for secret in Self.secrets { #expect(!all.contains(secret), "\(secret)") }
                }
            }
        }
    }

    @Test func eachRequestIsOneLineWithItsOutcome() async throws {
        try await served(["--log-format", "json"]) { proxy in
            _ = try await proxy.ask("hello")
            _ = try await proxy.ask("hello")
            _ = try await proxy.ask("hello", headers: [("x-proxy-ttl", "0")])
            _ = try await proxy.ask("hello", headers: [("x-proxy-refresh", "true")])
            _ = try await proxy.send(.get, "/v1/models?limit=1")
            _ = try await proxy.send(.get, "/nowhere")
            _ = try await proxy.ask("other", headers: [("cache-control", "only-if-cached")])
        } log: { log in
            let lines = try parsed(log)
            let requests = lines.filter { $0.message == "request" }
            let chat = "/v1/chat/completions"
            let expected: [LogFields] = [
                .init("POST", chat, 200, "stored"), .init("POST", chat, 200, "hit"),
                .init("POST", chat, 200, "bypass", "ttl-zero"),
                .init("POST", chat, 200, "stored", "refresh"),
                .init("GET", "/v1/models", 200, "bypass"),
                .init("GET", "/nowhere", 404, "error", "unknown_route"),
                .init("POST", chat, 504, "error", "not_cached"),
            ]
            #expect(requests.count == expected.count, "\(log)")
            // A hit's line may be written a moment later than those around it.
            for fields in expected {
                let count = requests.filter { fields.isLike($0) }.count
                #expect(count == 1, "\(fields): \(log)")
            }
            for request in requests {
                #expect(request.level == "info")
                #expect(request.ms ?? -1 >= 0, "\(log)")
            }
        }
    }

    @Test func textLinesSayTheSame() async throws {
        try await served([]) { proxy in
            _ = try await proxy.ask("hello")
            _ = try await proxy.ask("hello")
        } log: { log in
            let requests = log.split(separator: "\n").filter { $0.contains(" info request ") }
            #expect(requests.count == 2, "\(log)")
            for (line, outcome) in zip(requests, ["stored", "hit"]) {
                let words = line.split(separator: " ")
                #expect(words.contains("cache=\(outcome)"), "\(line)")
                #expect(words.contains("method=POST"))
                #expect(words.contains("route=/v1/chat/completions"))
                #expect(words.contains("status=200"))
                #expect(words.contains { $0.hasPrefix("ms=") })
            }
        }
    }

    @Test func lineNamesTheKeyAndWhatWasWrong() async throws {
        let origin = try await SimulatedUpstream.run(.builtIn()) { $0.origin }
        try await ServedProxy.with(upstream: origin) { proxy in
            #expect(try await proxy.ask("hello").status == 502)
            #expect(await proxy.stop() == 0)
            let log = await proxy.process.errors.wholeText()
            let line = try #require(log.split(separator: "\n").first { $0.contains(" request ") })
            let words = line.split(separator: " ")
            let key = words.first { $0.hasPrefix("key=") }?.dropFirst(4)
            #expect(key?.count == 16 && key?.allSatisfy(\.isHexDigit) == true, "\(line)")
            #expect(line.contains("error="), "\(line)")
            #expect(line.contains("refused"), "\(line)")
            #expect(words.contains("reason=upstream_unreachable"), "\(line)")
        }
    }

    @Test func aboveInfoAGoodDayIsSilent() async throws {
        try await served(["--log-level", "error"]) { proxy in
            _ = try await proxy.ask("hello")
            _ = try await proxy.ask("hello")
            _ = try await proxy.send(.get, "/nowhere")
        } log: { log in
            #expect(log == "")
        }
    }

    @Test func requestCannotForgeALine() async throws {
        try await served([]) { proxy in
            _ = try await WireConnection.exchange(
                "GET /a%0A2026-01-01T00:00:00.000Z\u{1B}[2Jinfo\u{7F}forged HTTP/1.1\r\nHost: a\r\n"
                    + "Connection: close\r\n\r\n", port: proxy.port)
        } log: { log in
            #expect(
                !log.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0 == "\u{7F}" })
            #expect(!log.split(separator: "\n").contains { $0.hasPrefix("2026-01-01") })
        }
    }

    /// The members of a JSON line that these tests look at.
    private struct LogFields: Decodable {
        var time: String?
        var level: String?
        var message: String?
        var method: String?
        var route: String?
        var status: Int?
        var cache: String?
        var reason: String?
        var ms: Double?

        init(
            _ method: String, _ route: String, _ status: Int, _ cache: String? = nil,
            _ reason: String? = nil
        ) {
            self.method = method
            self.route = route
            self.status = status
            self.cache = cache
            self.reason = reason
        }

        /// Whether another one is of such a request.
        func isLike(_ other: LogFields) -> Bool {
            method == other.method && route == other.route && status == other.status
                && cache == other.cache && reason == other.reason
        }
    }

    private func parsed(_ log: String) throws -> [LogFields] {
        try log.split(separator: "\n").map {
            try JSONDecoder().decode(LogFields.self, from: Data($0.utf8))
        }
    }

    /// Runs a proxy that logs, and reads the log once it has ended.
    private func served(
        _ arguments: [String], _ body: (ServedProxy) async throws -> Void,
        log: (String) throws -> Void
    ) async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await ServedProxy.with(upstream: upstream.origin, arguments) { proxy in
                try await body(proxy)
                #expect(await proxy.stop() == 0)
                try log(await proxy.process.errors.wholeText())
            }
        }
    }
}
