import RepriseCore
import RepriseNetwork
import RepriseTesting
import Testing

@testable import RepriseStorage

/// Passwords, users and TLS, on real servers.
@Suite(.timeLimit(.minutes(5)))
struct RedisSecurityTests {
    private func failure(_ url: String) async throws -> StoreError? {
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(url, network)
            let error = await store.loadFailure()
            await store.close()
            return error
        }
    }

    private func expectWorking(_ url: String) async throws {
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(url, network)
            try await store.save([RedisFixture.entry(1, "text")])
            #expect(try await store.text(1) == "text")
            await store.close()
        }
    }

    /// `HELLO` renamed away leaves a server that knows version 2 of the protocol only.
    private static let version2 = ["--rename-command", "HELLO", ""]

    @Test(arguments: [[], version2])
    func passwordOpensTheServer(arguments: [String]) async throws {
        var options = RedisServerProcess.Options()
        options.password = "sec/ret"
        options.arguments = arguments
        let server = try await RedisServerProcess.start(options)
        try await expectWorking("redis://:sec%2Fret@127.0.0.1:\(server.port)")
        try await expectWorking("redis://default:sec%2Fret@127.0.0.1:\(server.port)")
        let wrong = try await failure("redis://:secrets@127.0.0.1:\(server.port)")
        #expect(
            wrong == .unavailable("127.0.0.1:\(server.port) refuses the user or the password"))
        let none = try await failure(server.url)
        #expect(none == .unavailable("127.0.0.1:\(server.port) wants a password"))
    }

    @Test func serverWithoutPasswordTakesAny() async throws {
        let server = try await RedisServerProcess.start()
        try await expectWorking("redis://default:any@127.0.0.1:\(server.port)")
    }

    @Test func olderServerThatWantsNoPasswordSaysSo() async throws {
        var options = RedisServerProcess.Options()
        options.arguments = Self.version2
        let server = try await RedisServerProcess.start(options)
        try await expectWorking(server.url)
        #expect(
            try await failure("redis://:secret@127.0.0.1:\(server.port)")
                == .unavailable("127.0.0.1:\(server.port) takes no password, or not this one"))
    }

    @Test func conformsInVersion2() async throws {
        var options = RedisServerProcess.Options()
        options.arguments = Self.version2
        let server = try await RedisServerProcess.start(options)
        try await withSystemNetwork { network in
            for check in StoreConformance.Check.allCases {
                let suite = StoreConformance(
                    network: network, passTime: { try await server.passTime($0) },
                    open: { try RedisFixture.open(server.url, network).store })
                let failures = try await suite.failures(of: check)
                #expect(failures == [], "\(check)")
                try await server.command("FLUSHALL")
            }
        }
    }

    @Test func userNeedsFewRights() async throws {
        let server = try await RedisServerProcess.start()
        try await server.command(
            "ACL", "SETUSER", "ada", "on", ">pa@ss", "resetkeys", "~reprise:*", "-@all", "+get",
            "+set", "+del", "+eval", "+zadd", "+zremrangebyscore", "+zrevrange", "+persist",
            "+pexpire")
        let url = "redis://ada:pa%40ss@127.0.0.1:\(server.port)"
        try await expectWorking(url)
        #expect(try await server.command("ZCARD", "reprise:index:model:gpt-test") == "1")
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(url, network)
            let holder = store.newHolder()
            #expect(try await store.takeLease(of: 1, for: holder, lasting: .seconds(100)))
            #expect(try await store.renewLease(of: 1, for: holder, lasting: .seconds(100)))
            #expect(try await store.endLease(of: 1, for: holder))
            await store.close()
        }
    }

    @Test func rightsThatAreMissingAreTold() async throws {
        let server = try await RedisServerProcess.start()
        try await server.command(
            "ACL", "SETUSER", "eve", "on", ">secret", "~*", "-@all", "+get", "+set")
        try await withSystemNetwork { network in
            let store = try RedisFixture.open(
                "redis://eve:secret@127.0.0.1:\(server.port)", network)
            // Scripts are forbidden to her, so her entries have no index.
            try await store.save([RedisFixture.entry(1, "text")])
            #expect(try await store.text(1) == "text")
            let error = await RedisFixture.failure { () throws(StoreError) in
                try await store.remove([1])
            }
            #expect(
                error
                    == .unavailable(
                        "127.0.0.1:\(server.port) does not let this user do what a cache needs"))
            await store.close()
        }
    }

    @Test func connectionsAreEncryptedAndServersVerified() async throws {
        let files = try await RedisCertificates()
        var options = RedisServerProcess.Options()
        options.tls = files.server
        options.password = "secret"
        let server = try await RedisServerProcess.start(options)
        let port = try #require(server.tlsPort)
        let authority = "?cacert=\(files.server.authority)"
        try await expectWorking("rediss://:secret@127.0.0.1:\(port)\(authority)")
        try await expectWorking("rediss://:secret@localhost:\(port)/2\(authority)")
        #expect(
            try await failure("rediss://:secret@127.0.0.1:\(port)")
                == .unavailable(
                    "127.0.0.1:\(port) has a certificate that is not trusted; "
                        + "name its authority with ?cacert=PATH"))
        let plain = try await failure("redis://:secret@127.0.0.1:\(port)")
        guard case .unavailable = plain else {
            Issue.record("a TLS port answered without TLS: \(String(describing: plain))")
            return
        }
    }

    @Test func certificateOfAnotherHostIsRefused() async throws {
        let files = try await RedisCertificates(names: "DNS:elsewhere.example")
        var options = RedisServerProcess.Options()
        options.tls = files.server
        let server = try await RedisServerProcess.start(options)
        let port = try #require(server.tlsPort)
        for host in ["localhost", "127.0.0.1"] {
            let error = try await failure(
                "rediss://\(host):\(port)?cacert=\(files.server.authority)")
            #expect(error == .unavailable("\(host):\(port) has a certificate for another host"))
        }
    }

    @Test func authoritiesThatCannotBeReadAreTold() async throws {
        #expect(
            try await failure("rediss://127.0.0.1:1?cacert=/no/such/file.pem")
                == .unavailable("/no/such/file.pem cannot be read as certificates in PEM form"))
    }
}
