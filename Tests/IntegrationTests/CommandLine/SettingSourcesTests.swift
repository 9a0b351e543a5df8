import Foundation
import RepriseSimulator
import Testing

/// Flags, environment and file, seen from outside.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct SettingSourcesTests {
    @Test func flagGoesBeforeEnvironmentAndThatBeforeFile() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await ScratchDirectory.with { directory in
                let file = directory.path("reprise.yaml")
                try """
                store: sqlite:\(directory.path("file.db"))
                default-upstream: http://127.0.0.1:1/file
                upstream:
                  - other=\(upstream.origin)/other/v1
                log-level: error
                """.write(toFile: file, atomically: true, encoding: .utf8)
                let store = "sqlite:\(directory.path("environment.db"))"
                try await ServedProxy.with(
                    upstream: upstream.origin, store: nil, ["--config", file],
                    environment: [
                        "REPRISE_STORE": store, "REPRISE_DEFAULT_UPSTREAM": "http://127.0.0.1:1",
                    ]
                ) { proxy in
                    #expect(
                        proxy.announcement
                            == "Reprise listens on \(proxy.origin), "
                            + "upstream \(upstream.origin)/v1, store \(store)")
                    let other = try await proxy.send(
                        .post, "/other/chat/completions", body: Chat.request("named"))
                    #expect(other.isStoredMiss)
                    #expect(upstream.requests.first?.path == "/other/v1/chat/completions")
                    #expect(await proxy.stop() == 0)
                    // The file's log-level.
                    #expect(await proxy.process.errors.wholeText() == "")
                }
            }
        }
    }

    @Test func everythingCanComeFromTheEnvironment() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await ScratchDirectory.with { home in
                let process = try RunningProcess(
                    BuiltBinary.url(), [],
                    environment: BuiltBinary.environment(home: home).merging(
                        [
                            "REPRISE_LISTEN": "127.0.0.1:0",
                            "REPRISE_DEFAULT_UPSTREAM": "\(upstream.origin)/v1",
                            "REPRISE_UPSTREAM": "a=\(upstream.origin)/a,b=\(upstream.origin)/b",
                            "REPRISE_STORE": "memory:",
                            "REPRISE_TTL": "1h",
                            "REPRISE_SHARE_ACROSS_CREDENTIALS": "true",
                            "REPRISE_LOG_FORMAT": "json",
                        ]
                    ) { $1 })
                do {
                    let proxy = try await ServedProxy(process)
                    let one = [("authorization", "Bearer sk-one")]
                    let two = [("authorization", "Bearer sk-two")]
                    #expect(try await proxy.ask("shared", headers: one).isStoredMiss)
                    let shared = try await proxy.ask("shared", headers: two)
                    #expect(shared.isHit)
                    let ttl = shared.cacheStatus.split(separator: "=").last.flatMap { Int($0) }
                    #expect(ttl.map { (1...3600).contains($0) } == true)
                    for name in ["a", "b"] {
                        _ = try await proxy.send(.get, "/\(name)/models")
                        #expect(upstream.requests.last?.path == "/\(name)/models")
                    }
                    await process.kill9()
                } catch {
                    await process.kill9()
                    throw error
                }
            }
        }
    }

    @Test(arguments: [
        ("bad.yaml", "memory: 12 elephants\n", "12 elephants"),
        ("bad.yaml", "memroy: 1GB\n", "memroy"),
        ("bad.json", "{\"memory\": ", "bad.json"),
        ("bad.toml", "memory = 1\n", "bad.toml"),
    ])
    func badFileIsOneLineThatNamesIt(name: String, text: String, named: String) async throws {
        try await ScratchDirectory.with { directory in
            let file = directory.path(name)
            try text.write(toFile: file, atomically: true, encoding: .utf8)
            let ended = try await BuiltBinary.run(["--config", file])
            #expect(ended.exitCode == 64)
            #expect(ended.errorLines.count == 1, "\(ended.errors)")
            #expect(ended.errors.contains(name) && ended.errors.contains(named))
        }
    }

    @Test func misspeltVariableIsWarnedAbout() async throws {
        try await ServedProxy.with(
            upstream: "http://127.0.0.1:1", environment: ["REPRISE_MEMROY": "1GB"]
        ) { proxy in
            #expect(await proxy.stop() == 0)
            let log = await proxy.process.errors.wholeText()
            #expect(log.contains("REPRISE_MEMROY") && log.contains("REPRISE_MEMORY"), "\(log)")
        }
    }
}
