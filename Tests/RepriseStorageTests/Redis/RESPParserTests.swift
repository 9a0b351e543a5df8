import Testing

@testable import RepriseStorage

/// The protocol of Redis, whole, in pieces, and malformed.
struct RESPParserTests {
    private static func bulk(_ text: String) -> RESPValue { .bulk(Array(text.utf8)) }
    private static func simple(_ text: String) -> RESPValue { .simple(Array(text.utf8)) }
    private static func failure(_ text: String) -> RESPValue { .error(RedisFailure(text.utf8)) }

    private static let replies: [(text: String, value: RESPValue)] = [
        ("+OK\r\n", simple("OK")),
        ("+\r\n", simple("")),
        ("-ERR no such thing\r\n", failure("ERR no such thing")),
        ("!22\r\nWRONGPASS invalid pair\r\n", failure("WRONGPASS x")),
        (":0\r\n", .integer(0)),
        (":-9223372036854775808\r\n", .integer(.min)),
        (":+9223372036854775807\r\n", .integer(.max)),
        ("$0\r\n\r\n", bulk("")),
        ("$5\r\na\r\nbc\r\n", bulk("a\r\nbc")),
        ("$-1\r\n", .null),
        ("*-1\r\n", .null),
        ("_\r\n", .null),
        ("#t\r\n", .integer(1)),
        ("#f\r\n", .integer(0)),
        (",1.5e3\r\n", simple("1.5e3")),
        (
            "(3492890328409238509324850943850943825024385\r\n",
            simple("3492890328409238509324850943850943825024385")
        ),
        ("=8\r\ntxt:some\r\n", bulk("some")),
        ("*0\r\n", .array([])),
        ("~2\r\n:1\r\n+a\r\n", .array([.integer(1), simple("a")])),
        (
            "%2\r\n+a\r\n:1\r\n$1\r\nb\r\n*1\r\n_\r\n",
            .array([simple("a"), .integer(1), bulk("b"), .array([.null])])
        ),
        (
            "*3\r\n*2\r\n*0\r\n:1\r\n$-1\r\n*1\r\n*1\r\n$1\r\nx\r\n",
            .array([.array([.array([]), .integer(1)]), .null, .array([.array([bulk("x")])])])
        ),
        // Out of band data and attributes are passed over, wherever they stand.
        (">2\r\n+invalidate\r\n*1\r\n+a\r\n+OK\r\n", simple("OK")),
        (">0\r\n+OK\r\n", simple("OK")),
        (
            "|1\r\n+ttl\r\n:1\r\n*2\r\n|1\r\n+a\r\n*1\r\n:9\r\n:1\r\n|0\r\n:2\r\n",
            .array([.integer(1), .integer(2)])
        ),
    ]

    /// All replies to be had when the text arrives in these pieces.
    private func values(
        _ pieces: [[UInt8]], limits: RESPParser.Limits = .init()
    ) throws(RESPError) -> [RESPValue] {
        var parser = RESPParser(limits: limits)
        var values: [RESPValue] = []
        for piece in pieces {
            var position = 0
            while let value = try parser.next(piece.span, at: &position) { values.append(value) }
            if position != piece.count { throw RESPError(reason: "bytes were left") }
        }
        return values
    }

    @Test(arguments: replies.indices)
    func replyIsRead(_ index: Int) throws {
        let reply = Self.replies[index]
        #expect(try values([Array(reply.text.utf8)]) == [reply.value])
    }

    @Test(arguments: replies.indices)
    func replyIsReadWhereverItIsSplit(_ index: Int) throws {
        let reply = Self.replies[index]
        let bytes = Array(reply.text.utf8)
        for place in 0...bytes.count {
            let pieces = [bytes[..<place], bytes[place...]].map { Array($0) }
            #expect(try values(pieces) == [reply.value])
        }
        #expect(try values(bytes.map { [$0] }) == [reply.value])
    }

    @Test func repliesFollowEachOther() throws {
        let text = Self.replies.map(\.text).joined()
        let expected = Self.replies.map(\.value)
        #expect(try values([Array(text.utf8)]) == expected)
        #expect(try values(text.utf8.map { [$0] }) == expected)
    }

    @Test(arguments: replies.indices)
    func unfinishedReplyIsWaitedFor(_ index: Int) throws {
        let bytes = Array(Self.replies[index].text.utf8)
        for length in 0..<bytes.count {
            var parser = RESPParser()
            var position = 0
            #expect(try parser.next(Array(bytes[..<length]).span, at: &position) == nil)
        }
    }

    @Test(arguments: [
        "\r\n", "\n", "x\r\n", "HTTP/1.1 400 Bad Request\r\n", "+OK\n", ":\r\n", ":-\r\n", ":+\r\n",
        ":1 \r\n", ":1.5\r\n", ":9223372036854775808\r\n", ":-9223372036854775809\r\n", "$\r\n",
        "$-2\r\n", "$x\r\n", "$-1x\r\n", "$3\r\nabcd\r\n", "$3\r\nabc\n\r", "$99999999999\r\n",
        "!-1\r\n", "=-1\r\n", "=3\r\nabc\r\n", "*-2\r\n", "*9999999999\r\n", "%-1\r\n", "~-1\r\n",
        "_x\r\n", "#\r\n", "#x\r\n", "#tt\r\n", "$?\r\n;1\r\na\r\n", "*?\r\n", "*1\r\n>1\r\n:1\r\n",
        "*1\r\nx", "\u{16}\u{3}\u{1}\n",
    ])
    func malformedReplyIsRefused(_ text: String) {
        // A reply that is refused when it is whole is refused in pieces too.
        #expect(throws: RESPError.self) { try values([Array((text + "\r\n\r\n").utf8)]) }
        #expect(throws: RESPError.self) {
            try values((text + "\r\n\r\n").utf8.map { [$0] })
        }
    }

    @Test func everythingHasABound() throws {
        let limits = RESPParser.Limits(bulk: 10, line: 20, depth: 3, values: 6)
        func read(_ text: String) throws {
            _ = try values([Array(text.utf8)], limits: limits)
        }
        try read("$10\r\n0123456789\r\n")
        #expect(throws: RESPError(reason: "a string too long")) { try read("$11\r\n") }
        try read("+012345678901234567")
        #expect(throws: RESPError(reason: "a line too long")) { try read("+01234567890123456789") }
        try read("*1\r\n*1\r\n*1\r\n:1\r\n")
        #expect(throws: RESPError(reason: "arrays too deep")) {
            try read("*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n")
        }
        try read("*5\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n*5\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n")
        #expect(throws: RESPError(reason: "too many values")) {
            try read("*2\r\n*2\r\n:1\r\n:2\r\n*2\r\n:1\r\n:2\r\n")
        }
        #expect(throws: RESPError(reason: "too many values")) { try read("*7\r\n") }
    }

    @Test func lengthThatIsAnnouncedTakesNoMemoryBeforeItsBytes() throws {
        var parser = RESPParser()
        var position = 0
        let header = Array("$134217728\r\nabc".utf8)
        #expect(try parser.next(header.span, at: &position) == nil)
        #expect(position == header.count)
    }

    @Test func failureKeepsItsFirstWordOnly() {
        #expect(RedisFailure("WRONGPASS x".utf8).code == "WRONGPASS")
        #expect(RedisFailure("NOAUTH".utf8).code == "NOAUTH")
        #expect(RedisFailure("unknown command 'AUTH' 'secret'".utf8).code == "ERR")
        #expect(RedisFailure("".utf8).code == "ERR")
        #expect(RedisFailure(String(repeating: "X", count: 33).utf8).code == "ERR")
    }

    @Test func redirectionsAreRead() {
        let moved = RedisFailure("MOVED 3999 127.0.0.1:6381".utf8).redirection
        #expect(moved?.isForOneCommand == false)
        #expect(moved?.slot == 3999)
        let teller = RedisEndpoint(host: "seed", port: 1)
        #expect(
            moved?.endpoint(toldBy: teller) == RedisEndpoint(host: "127.0.0.1", port: 6381))
        let ask = RedisFailure("ASK 0 2001:db8::1:7000".utf8).redirection
        #expect(ask?.isForOneCommand == true)
        #expect(
            ask?.endpoint(toldBy: teller) == RedisEndpoint(host: "2001:db8::1", port: 7000))
        for text in ["MOVED 1 :7000", "MOVED 1 ?:7000"] {
            #expect(
                RedisFailure(text.utf8).redirection?.endpoint(toldBy: teller)
                    == RedisEndpoint(host: "seed", port: 7000))
        }
        for text in [
            "MOVED", "MOVED 1", "MOVED 16384 h:1", "MOVED -1 h:1", "MOVED 1 h", "MOVED 1 h:0",
            "MOVED 1 h:x", "MOVED x h:1", "ERR 1 h:1",
        ] {
            #expect(RedisFailure(text.utf8).redirection == nil)
        }
    }
}
