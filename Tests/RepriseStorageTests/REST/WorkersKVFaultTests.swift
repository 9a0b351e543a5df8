import RepriseCore
import RepriseNetwork
import RepriseTesting
import Testing

@testable import RepriseStorage

@Suite(.serialized)
struct WorkersKVFaultTests {
    @Test func wrongTokenIsToldWithoutIt() async throws {
        try await withWorkersKV(token: "cf-wrong") { (store, kv) async throws in
            for outcome in [
                await store.loading(1), await store.saving(1, "one"), await store.removing(1),
            ] {
                #expect(
                    outcome.words == "Workers KV refuses CLOUDFLARE_API_TOKEN (401, code 10000): "
                        + "Authentication error")
            }
        }
    }

    @Test func namespaceThatIsNotThereIsNoMiss() async throws {
        try await withWorkersKV { (store, kv) async throws in
            let store = try kv.store(namespace: String(repeating: "f", count: 32))
            #expect(
                await store.loading(1).words
                    == "Workers KV answers 404, code 10013: namespace not found")
            #expect(await store.saving(1, "one").words?.contains("namespace not found") == true)
        }
    }

    @Test(arguments: [("7", 7000), ("", 1000), ("Wed, 21 Oct 2026 07:28:00 GMT", 1000)])
    func rateLimitIsKeptForAsLongAsItSays(field: String, milliseconds: Int64) async throws {
        try await withWorkersKV { (store, kv) async throws in
            #expect(await store.saving(1, "one") == .done)
            var limited = StandIn.Fault.answers(429, "{}", headers: ["retry-after": field])
            limited.times = 1
            try await kv.standIn.set(limited)
            #expect(await store.saving(2, "two").words?.contains("(429)") == true)
            let count = try await kv.standIn.requests().count
            kv.network.advance(by: milliseconds - 1)
            #expect(await store.loading(1).words?.contains("(429)") == true)
            #expect(try await kv.standIn.requests().count == count)
            kv.network.advance(by: 1)
            #expect(await store.loading(1) == .text("one"))
        }
    }

    @Test func hangingServerTimesOut() async throws {
        try await withWorkersKV(limits: impatientRESTLimits) { (store, kv) async throws in
            try await kv.standIn.set(.hangs)
            #expect(await store.loading(1) == .failed(.timedOut))
            #expect(await store.saving(1, "one") == .failed(.timedOut))
            #expect(await store.removing(1) == .failed(.timedOut))
        }
    }

    @Test(arguments: [
        (404, "<html>very private</html>"), (404, ""), (404, #"{"success":false,"errors":[]}"#),
        (404, #"{"errors":[{"code":10009}]"#), (500, "<html>very private</html>"), (301, ""),
        (400, #"{"success":false,"errors":[{"code":1,"message":"bad 'very private'"}]}"#),
        (403, #"{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}"#),
        (400, #"{"success":false,"errors":[{"code":6003,"message":"Bearer cf-secret"}]}"#),
        (503, #"{"success":false,"errors":[null,7,{"code":"x","message":{}}]}"#),
    ])
    func refusalIsUnavailable(status: Int, body: String) async throws {
        try await withWorkersKV { (store, kv) async throws in
            try await kv.standIn.set(
                .answers(status, body, headers: ["location": "http://127.0.0.1:1/"]))
            for outcome in [
                await store.loading(1), await store.saving(1, "one"), await store.removing(1),
            ] {
                #expect(outcome.words?.hasPrefix("Workers KV") == true)
                #expect(outcome.words?.contains("\(status)") == true)
                #expect(outcome.words?.contains("very private") == false)
                #expect(outcome.words?.contains("cf-secret") == false)
            }
            try await kv.standIn.recover()
            #expect(await store.saving(1, "one") == .done)
            #expect(await store.loading(1) == .text("one"))
        }
    }

    @Test(arguments: [
        "", "<html>Sign in</html>", "{}", "[]", #"{"success":"#, #"{"success":false}"#,
        #"{"success":true,"result":{"unsuccessful_keys":["reprise:1"]}}"#,
        #"{"success":true} x"#,
    ])
    func changeWithoutACleanSuccessHasFailed(body: String) async throws {
        try await withWorkersKV { (store, kv) async throws in
            try await kv.standIn.set(.answers(200, body))
            #expect(await store.saving(1, "one").words?.hasPrefix("Workers KV") == true)
            #expect(await store.removing(1).words?.hasPrefix("Workers KV") == true)
        }
    }

    @Test func serverThatGoesAwayIsUsedAgainWhenItIsBack() async throws {
        try await withWorkersKV { (store, kv) async throws in
            #expect(await store.saving(1, "one") == .done)
            try await kv.standIn.set(.isGone)
            #expect(await store.loading(1).words?.hasPrefix("Workers KV: ") == true)
            #expect(await store.saving(2, "two").words?.hasPrefix("Workers KV: ") == true)
            try await kv.standIn.recover()
            #expect(await store.loading(1) == .text("one"))
        }
    }
}
