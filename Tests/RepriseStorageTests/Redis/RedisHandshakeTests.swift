import Testing

@testable import RepriseStorage

/// What a new connection says, and how it takes the replies.
struct RedisHandshakeTests {
    private let naming = [
        RedisCommand("CLIENT", "SETNAME", "reprise"),
        RedisCommand("CLIENT", "SETINFO", "LIB-NAME", "reprise"),
    ]
    private let ok = RESPValue.simple(Array("OK".utf8))

    private func handshake(
        _ url: String, givenUp: RedisHandshake.GivenUp? = nil
    ) throws -> RedisHandshake {
        RedisHandshake(try RedisAddress(parsing: url), givenUp: givenUp)
    }

    private func failure(_ text: String) -> RESPValue { .error(RedisFailure(text.utf8)) }

    private func map(id: Int64) -> RESPValue {
        .array([
            .bulk(Array("proto".utf8)), .integer(3), .bulk(Array("id".utf8)),
            .integer(id),
        ])
    }

    @Test func withoutPasswordHelloIsAlone() throws {
        var handshake = try handshake("redis://h")
        #expect(handshake.start() == RedisCommand("HELLO", "3"))
        #expect(handshake.receive(map(id: 7)) == .send(naming))
        #expect(handshake.receive(ok) == .wait)
        #expect(handshake.receive(failure("ERR unknown subcommand")) == .ready(id: 7))
    }

    @Test func passwordGoesWithHello() throws {
        #expect(
            try handshake("redis://:p@h").start()
                == RedisCommand("HELLO", "3", "AUTH", "default", "p"))
        #expect(
            try handshake("redis://u:p@h").start() == RedisCommand("HELLO", "3", "AUTH", "u", "p"))
    }

    @Test(arguments: [
        "ERR unknown command `HELLO`", "NOPROTO unsupported protocol version", "NOPERM no",
    ])
    func olderServerIsSpokenToInVersion2(text: String) throws {
        var plain = try handshake("redis://h")
        #expect(plain.receive(failure(text)) == .send(naming))
        var named = try handshake("redis://u:p@h/3")
        #expect(named.receive(failure(text)) == .send([RedisCommand("AUTH", "u", "p")]))
        #expect(named.receive(ok) == .send([RedisCommand("SELECT", "3")] + naming))
        #expect(named.receive(ok) == .wait)
        #expect(named.receive(ok) == .wait)
        #expect(named.receive(ok) == .ready(id: nil))
        var nameless = try handshake("redis://:p@h")
        #expect(nameless.receive(failure(text)) == .send([RedisCommand("AUTH", "p")]))
    }

    @Test func refusalEndsTheConnection() throws {
        var wrong = try handshake("redis://u:p@h")
        let refused = RedisFailure("WRONGPASS".utf8)
        #expect(wrong.receive(failure("WRONGPASS invalid")) == .fail(refused, ""))
        var old = try handshake("redis://u:p@h")
        _ = old.receive(failure("ERR unknown"))
        #expect(
            old.receive(failure("ERR invalid password"))
                == .fail(RedisFailure("ERR".utf8), "takes no password, or not this one"))
        var selecting = try handshake("redis://h/9")
        _ = selecting.receive(map(id: 1))
        #expect(
            selecting.receive(failure("ERR DB index is out of range"))
                == .fail(RedisFailure("ERR".utf8), "has no database 9"))
    }

    @Test func connectionThatWasGivenUpIsEndedFirst() throws {
        var handshake = try handshake(
            "redis://h/2", givenUp: .init(id: 12, address: "10.0.0.1:4000"))
        #expect(
            handshake.receive(map(id: 13))
                == .send(
                    [
                        RedisCommand("CLIENT", "KILL", "ID", "12", "ADDR", "10.0.0.1:4000"),
                        RedisCommand("SELECT", "2"),
                    ] + naming))
        #expect(handshake.receive(failure("NOPERM")) == .wait)
        #expect(handshake.receive(ok) == .wait)
        #expect(handshake.receive(ok) == .wait)
        #expect(handshake.receive(ok) == .ready(id: 13))
    }
}
