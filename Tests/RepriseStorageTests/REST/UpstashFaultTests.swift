import RepriseCore
import RepriseNetwork
import RepriseTesting
import Testing

@testable import RepriseStorage

@Suite(.serialized)
struct UpstashFaultTests {
    @Test func wrongTokenIsToldWithoutIt() async throws {
        try await withUpstash(token: "AX-wrong") { (store, upstash) async throws in
            for outcome in [
                await store.loading(1), await store.saving(1, "one"), await store.removing(1),
            ] {
                #expect(
                    outcome.words == "Upstash refuses UPSTASH_REDIS_REST_TOKEN (401): "
                        + "WRONGPASS invalid or missing auth token")
            }
        }
    }

    @Test func readOnlyTokenIsTold() async throws {
        try await withUpstash { (store, upstash) async throws in
            try await upstash.redis.command("ACL", "SETUSER", "default", "-set")
            let words = await store.saving(1, "very private").words
            #expect(words?.hasPrefix("Upstash refuses SET: NOPERM") == true)
            #expect(await store.loading(1) == .text(nil))
        }
    }

    @Test func rateLimitIsKeptForAsLongAsItSays() async throws {
        try await withUpstash { (store, upstash) async throws in
            #expect(await store.saving(1, "one") == .done)
            var limited = StandIn.Fault.answers(429, "{}", headers: ["retry-after": "7"])
            limited.times = 1
            try await upstash.standIn.set(limited)
            #expect(await store.loading(1).words?.contains("(429)") == true)
            let count = try await upstash.standIn.requests().count
            upstash.network.advance(by: 6999)
            #expect(await store.loading(1).words?.contains("1 ms") == true)
            #expect(await store.saving(2, "two").words?.contains("(429)") == true)
            #expect(try await upstash.standIn.requests().count == count)
            upstash.network.advance(by: 1)
            #expect(await store.loading(1) == .text("one"))
        }
    }

    @Test func hangingServerTimesOut() async throws {
        try await withUpstash(limits: impatientRESTLimits) { (store, upstash) async throws in
            try await upstash.standIn.set(.hangs)
            #expect(await store.loading(1) == .failed(.timedOut))
            #expect(await store.saving(1, "one") == .failed(.timedOut))
            #expect(await store.removing(1) == .failed(.timedOut))
        }
    }

    @Test(arguments: [
        (200, "<html>Sign in</html>"), (200, ""), (200, "[]"), (200, "{\"result\":\"OK\"}"),
        (200, "[{\"result\":5.5}]"), (200, "[{\"result\":[]}]"), (200, "[{\"result\":\"b2s\"}]"),
        (200, "[{\"result\":\"b2"), (200, "[{\"error\":\"ERR 'very private'\"}]"),
        (200, "[{\"result\":null},{\"result\":null}]"), (200, "[{}]"), (200, "[null]"),
        (301, ""), (400, "{\"error\":\"ERR header Bearer AX-secret\"}"), (404, "not found"),
        (500, "<html>very private</html>"), (503, "{\"error\":{}}"), (204, ""),
    ])
    func rubbishIsUnavailable(status: Int, body: String) async throws {
        try await withUpstash { (store, upstash) async throws in
            try await upstash.standIn.set(
                .answers(status, body, headers: ["location": "http://127.0.0.1:1/"]))
            for outcome in [
                await store.loading(1), await store.saving(1, "one"), await store.removing(1),
            ] {
                #expect(outcome.words?.hasPrefix("Upstash") == true)
                #expect(outcome.words?.contains("very private") == false)
                #expect(outcome.words?.contains("AX-secret") == false)
                #expect(outcome.words?.contains("\n") == false)
            }
            try await upstash.standIn.recover()
            #expect(await store.saving(1, "one") == .done)
            #expect(await store.loading(1) == .text("one"))
        }
    }

    @Test func serverThatGoesAwayIsUsedAgainWhenItIsBack() async throws {
        try await withUpstash { (store, upstash) async throws in
            #expect(await store.saving(1, "one") == .done)
            try await upstash.standIn.set(.isGone)
            #expect(await store.loading(1).words?.hasPrefix("Upstash: ") == true)
            #expect(await store.saving(2, "two").words?.hasPrefix("Upstash: ") == true)
            try await upstash.standIn.recover()
            #expect(await store.loading(1) == .text("one"))
        }
    }

    @Test func serverThatIsNotThereIsUnavailable() async throws {
        let ports = try RedisPorts(1)
        try await withClockedNetwork { network in
            let access = try UpstashAccess(
                parsing: "",
                environment: [
                    "UPSTASH_REDIS_REST_URL": "http://127.0.0.1:\(ports.numbers[0])",
                    "UPSTASH_REDIS_REST_TOKEN": "AX-secret",
                ])
            let store = StoreCaller(
                UpstashStore(
                    access: access, limits: patientRESTLimits, network: network,
                    makeClient: { HTTPClient(loop: $0, configuration: .init()) },
                    logger: LogRecorder().logger), network)
            #expect(
                await store.loading(1).words
                    == "Upstash: 127.0.0.1:\(ports.numbers[0]) refuses the connection")
            await store.close()
        }
    }
}
