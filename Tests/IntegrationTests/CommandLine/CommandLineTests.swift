import Foundation
import RepriseSimulator
import Testing

/// The command line as a user has it: what it says, where, and its exit codes.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct CommandLineTests {
    /// Arguments and variables that are no settings, and what the line about them names.
    static let bad: [(arguments: [String], environment: [String: String], named: [String])] = [
        (["--max-body", "0"], [:], ["--max-body", "0"]),
        (["--max-entry", "1GB"], [:], ["--max-entry", "1GB"]),
        (["--max-store", "much"], [:], ["--max-store", "much"]),
        (["--threads", "0"], [:], ["--threads", "0"]),
        (["--listen", "127.0.0.1:65536"], [:], ["--listen", "65536"]),
        (["--default-upstream", "ftp://example.com"], [:], ["--default-upstream", "ftp"]),
        (["--upstream", "a=https://x.example", "--upstream", "a=https://y.example"], [:], ["a"]),
        (["--header-timeout", "0s"], [:], ["--header-timeout", "0s"]),
        (["--on-disconnect", "panic"], [:], ["--on-disconnect", "panic", "finish", "cancel"]),
        (["--log-level", "loud"], [:], ["--log-level", "loud", "info"]),
        (["--log-format", "xml"], [:], ["--log-format", "xml", "json"]),
        (["--tls-cert", "a.crt"], [:], ["--tls-cert", "tls-key"]),
        (["--store", "memory:", "--collapse-across-servers"], [:], ["--store", "needs redis://"]),
        (["--store", "redis://"], [:], ["--store", "redis"]),
        (["--config", "/nonexistent/reprise.yaml"], [:], ["--config", "does not exist"]),
        ([], ["REPRISE_MEMORY": "12 elephants"], ["REPRISE_MEMORY", "12 elephants", "256MB"]),
        ([], ["REPRISE_UPSTREAM": "ready=https://example.com"], ["REPRISE_UPSTREAM", "ready"]),
        ([], ["REPRISE_CONFIG": "/nonexistent/reprise.json"], ["REPRISE_CONFIG"]),
    ]

    @Test(arguments: bad.indices)
    func badValueIsOneLineAndExit64(index: Int) async throws {
        let (arguments, environment, named) = Self.bad[index]
        let ended = try await BuiltBinary.run(
            ["serve", "--listen", "127.0.0.1:0"] + arguments, environment: environment)
        #expect(ended.exitCode == 64)
        #expect(ended.output == "")
        #expect(ended.errorLines.count == 1, "\(ended.errors)")
        for part in named { #expect(ended.errors.contains(part), "\(ended.errors)") }
    }

    @Test(arguments: [
        (["serve", "--memroy", "1GB"], "--memroy"), (["--memroy", "1GB"], "--memroy"),
        (["serve", "--memory"], "--memory"), (["sreve"], "sreve"),
        (["demo", "--listen", "a"], "--listen"), (["simulate", "--listen", "nowhere"], "nowhere"),
    ])
    func unknownWordsAreNamedWithExit64(arguments: [String], named: String) async throws {
        let ended = try await BuiltBinary.run(arguments)
        #expect(ended.exitCode == 64)
        #expect(ended.output == "")
        #expect(ended.errors.contains(named), "\(ended.errors)")
    }

    @Test func portInUseIsNamedWithExit69() async throws {
        try await ServedProxy.with(upstream: "http://127.0.0.1:1") { proxy in
            for command in ["serve", "simulate"] {
                let ended = try await BuiltBinary.run([
                    command, "--listen", "127.0.0.1:\(proxy.port)",
                ])
                #expect(ended.exitCode == 69)
                #expect(ended.output == "")
                #expect(ended.errorLines.count == 1, "\(ended.errors)")
                #expect(ended.errors.contains("127.0.0.1:\(proxy.port)"), "\(ended.errors)")
            }
            #expect(try await proxy.send(.get, "/health").status == 200)
        }
    }

    @Test func storeThatCannotBeUsedIsNamedWithExit69() async throws {
        let ended = try await BuiltBinary.run([
            "serve", "--listen", "127.0.0.1:0", "--store", "sqlite:/dev/null/cache.db",
        ])
        #expect(ended.exitCode == 69)
        #expect(ended.errorLines.count == 1, "\(ended.errors)")
        #expect(ended.errors.contains("/dev/null"), "\(ended.errors)")
    }

    @Test func helpOfTheCommandNamesItsSubcommands() async throws {
        let ended = try await BuiltBinary.run(["--help"])
        #expect(ended.exitCode == 0)
        for name in ["serve", "demo", "simulate"] { #expect(ended.output.contains("  \(name) ")) }
    }

    @Test func versionIsThreeNumbers() async throws {
        let ended = try await BuiltBinary.run(["--version"])
        #expect(ended.exitCode == 0)
        let numbers = ended.output.dropLast().split(
            separator: ".", omittingEmptySubsequences: false)
        #expect(ended.output.hasSuffix("\n"))
        #expect(numbers.count == 3 && numbers.allSatisfy { Int($0) != nil }, "\(ended.output)")
    }

    @Test func demoShowsMissAndHitWithTheSameBytes() async throws {
        let ended = try await BuiltBinary.run(["demo"])
        #expect(ended.exitCode == 0)
        #expect(ended.errors == "")
        let lines = ended.output.split(separator: "\n")
        #expect(lines.first?.contains("same bytes") == true)
        let rows = lines.filter { $0.contains("1 for 2 requests") }
        #expect(rows.count == 2, "\(ended.output)")
        #expect(rows.allSatisfy { $0.contains(" yes ") })
        let statuses = lines.filter { $0.contains("Cache-Status: ") }
        #expect(statuses.count == 2)
        #expect(statuses.allSatisfy { $0.contains("fwd=uri-miss; stored, then reprise; hit") })
    }

    @Test func simulateIsAnUpstreamThatCountsItsCalls() async throws {
        try await withSimulator { origin in
            try await ServedProxy.with(upstream: origin) { proxy in
                let miss = try await proxy.ask("hello")
                let hit = try await proxy.ask("hello")
                #expect(miss.isStoredMiss && hit.isHit && hit.text == miss.text)
                let calls = try await proxy.send(.get, "/ready")
                #expect(calls.status == 200)
            }
            let port = try #require(origin.split(separator: ":").last.flatMap { Int($0) })
            let counted = try await Simulator(port: port).send(.get, "/simulator/calls")
            #expect(counted.text == "{\"total\":1}")
        }
    }

    private struct Simulator: ProxyClient {
        let port: Int
    }

    private func withSimulator(_ body: (String) async throws -> Void) async throws {
        try await ScratchDirectory.with { home in
            let process = try RunningProcess(
                BuiltBinary.url(), ["simulate", "--listen", "127.0.0.1:0"],
                environment: BuiltBinary.environment(home: home))
            do {
                let line = try #require(
                    await process.output.line(containing: "Simulator listens on "))
                try await body(String(line.dropFirst("Simulator listens on ".count)))
                await process.kill9()
            } catch {
                await process.kill9()
                throw error
            }
        }
    }
}
