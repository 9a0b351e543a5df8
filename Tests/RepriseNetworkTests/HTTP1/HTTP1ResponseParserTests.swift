import Testing

@testable import RepriseNetwork

/// Reading one response from bytes, however they are cut.
struct HTTP1ResponseParserTests {
    typealias Kind = HTTP1ResponseParser.RequestKind

    /// A response, and what it is to come to.
    struct Sample: Sendable, CustomTestStringConvertible {
        var bytes: String
        var kind = Kind.other
        var status = 200
        var fields: [String] = []
        var framing = BodyFraming.none
        var body = ""
        var isPersistent = true

        var testDescription: String { String(bytes.prefix(80)) }
        var lastsUntilClose: Bool { framing == .untilClose }
    }

    static let samples: [Sample] = [
        Sample(
            bytes: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: \t b c \r\n\r\nhello",
            fields: ["content-length: 5", "x-a: b c"], framing: .length(5), body: "hello"),
        Sample(
            bytes: "HTTP/1.1 200 \r\ncontent-length:0\r\n\r\n", fields: ["content-length: 0"],
            framing: .length(0)),
        Sample(bytes: "HTTP/1.1 204\r\n\r\n", status: 204),
        Sample(
            bytes: "HTTP/1.1 204 No Content\r\ncontent-length: 3\r\n\r\n", status: 204,
            fields: ["content-length: 3"]),
        Sample(
            bytes: "HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n", status: 304,
            fields: ["content-length: 9"]),
        Sample(
            bytes: "HTTP/1.1 304 Not Modified\r\ntransfer-encoding: chunked\r\n\r\n", status: 304,
            fields: ["transfer-encoding: chunked"]),
        Sample(
            bytes: "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", kind: .head,
            fields: ["content-length: 7"]),
        Sample(bytes: "HTTP/1.1 200 OK\r\n\r\n", kind: .head),
        Sample(
            bytes: "HTTP/1.1 200 Connection established\r\nContent-Length: 7\r\n\r\n",
            kind: .connect, fields: ["content-length: 7"]),
        Sample(
            bytes: "HTTP/1.1 407 Proxy\r\nContent-Length: 2\r\n\r\nno", kind: .connect, status: 407,
            fields: ["content-length: 2"], framing: .length(2), body: "no"),
        Sample(
            bytes: "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
                + "3\r\nabc\r\n00A ; a=\"b\"\r\n0123456789\r\n1  \r\nx\r\n0\r\n\r\n",
            fields: ["transfer-encoding: Chunked"], framing: .chunked, body: "abc0123456789x"),
        Sample(
            bytes: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
                + "1\r\na\r\n0\r\nX-Trailer: b\r\nY: \r\n\r\n",
            fields: ["transfer-encoding: chunked"], framing: .chunked, body: "a"),
        Sample(
            bytes: "HTTP/1.1 100 Continue\r\nContent-Length: 3\r\n\r\n"
                + "HTTP/1.1 103 Early\r\nLink: a\r\n\r\n"
                + "HTTP/1.1 200 OK\r\ncontent-length: 1\r\nConnection: keep-alive, close\r\n\r\na",
            fields: ["content-length: 1", "connection: keep-alive, close"], framing: .length(1),
            body: "a", isPersistent: false),
        Sample(
            bytes: "HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\na", fields: ["content-length: 1"],
            framing: .length(1), body: "a", isPersistent: false),
        Sample(
            bytes: "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\ncontent-length: 1\r\n\r\na",
            fields: ["connection: Keep-Alive", "content-length: 1"], framing: .length(1), body: "a"),
        Sample(
            bytes: "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n"
                + "1\r\na\r\n0\r\n\r\n",
            fields: ["connection: keep-alive", "transfer-encoding: chunked"], framing: .chunked,
            body: "a", isPersistent: false),
        Sample(
            bytes: "HTTP/1.1 429 Too Many\u{e9}\r\nX: \u{e9}\r\n\r\nuntil the end", status: 429,
            fields: ["x: \u{FFFD}"], framing: .untilClose, body: "until the end",
            isPersistent: false),
        Sample(
            bytes: "HTTP/1.1 999 x\r\nHost: a\r\nHost: b c\r\nContent-Length: 0\r\n\r\n",
            status: 999, fields: ["host: a", "host: b c", "content-length: 0"], framing: .length(0)),
    ]

    static func parse(
        _ bytes: [UInt8], cuts: [Int] = [], kind: Kind = .other,
        limits: HTTP1Limits = HTTP1Limits(), in memory: GuardedBytes? = nil,
        concluding: Bool = true
    ) -> ParsedMessages<HTTP1ResponseHead> {
        ParsedMessages(
            bytes, cuts: cuts, by: HTTP1ResponseParser(limits: limits, to: kind),
            in: memory ?? GuardedBytes(capacity: bytes.count), concluding: concluding)
    }

    @Test(arguments: samples) func responseIsReadFromAnySplit(_ sample: Sample) {
        let bytes = wire(sample.bytes)
        let memory = GuardedBytes(capacity: bytes.count)
        let whole = Self.parse(bytes, kind: sample.kind, in: memory)
        #expect(whole.heads.map(\.status) == [sample.status])
        #expect(whole.heads.first?.fields.lines == sample.fields)
        #expect(whole.heads.first?.framing == sample.framing)
        #expect(whole.heads.first?.isPersistent == sample.isPersistent)
        #expect(whole.body == sample.body)
        #expect(whole.endCount == (sample.lastsUntilClose ? 0 : 1))
        #expect(whole.flaw == nil)
        #expect(whole.conclusion == (sample.lastsUntilClose ? "until close" : "complete"))
        for cut in 0...bytes.count {
            #expect(
                Self.parse(bytes, cuts: [cut], kind: sample.kind, in: memory) == whole,
                "cut at \(cut)")
        }
        let all = Array(0..<bytes.count)
        #expect(Self.parse(bytes, cuts: all, kind: sample.kind, in: memory) == whole)
    }

    @Test(arguments: samples) func truncatedResponseIsNotOver(_ sample: Sample) {
        let bytes = wire(sample.bytes)
        let memory = GuardedBytes(capacity: bytes.count)
        for count in 0..<bytes.count {
            let part = Self.parse(Array(bytes[..<count]), kind: sample.kind, in: memory)
            #expect(part.endCount == 0)
            if sample.lastsUntilClose, !part.heads.isEmpty {
                #expect(part.conclusion == "until close")
            } else {
                #expect(part.flaw == .truncated)
            }
        }
    }

    @Test(arguments: samples) func whatFollowsIsNotTaken(_ sample: Sample) {
        guard !sample.lastsUntilClose else { return }
        let bytes = wire(sample.bytes) + wire("HTTP/1.1")
        let memory = GuardedBytes(capacity: bytes.count)
        for cuts in [[], [bytes.count - 9], [bytes.count - 8], Array(0..<bytes.count)] {
            let result = Self.parse(bytes, cuts: cuts, kind: sample.kind, in: memory)
            #expect(result.rest == wire("HTTP/1.1"))
            #expect(result.endCount == 1)
            #expect(result.conclusion == "complete")
        }
    }

    private static let start = "HTTP/1.1 200 OK\r\n"
    private static let chunked = start + "transfer-encoding: chunked\r\n\r\n"

    static let malformed: [String] = [
        "HTTP/2.0 200 OK\r\n", "HTTP/1.x 200 OK\r\n", "HTTP/1.2 200 OK\r\n", "HTTP/1.1 20 OK\r\n",
        "HTTP/1.1 2000\r\n", "HTTP/1.1 099 No\r\n", "HTTP/1.1 200 a\u{0}\r\n",
        "HTTP/1.1  200 OK\r\n", "HTTP/1.1\t200 OK\r\n", "HTTP/1.1 +20 OK\r\n", "HTTP/1.1\r\n",
        "http/1.1 200 OK\r\n", "GET / HTTP/1.1\r\n", "\r\n", "SSH-2.0-OpenSSH\r\n", "\u{15}\u{3}",
        "HTTP/1.1 101 Switching Protocols\r\n", "HTTP/1.1 200 OK\n", start + "a: b\n",
        start + "\n", start + "a: b\rc: d\r\n", start + " folded\r\n",
        start + "a: b\r\n folded\r\n",
        start + "a : b\r\n", start + ": b\r\n", start + "a\r\n", start + "a(b: c\r\n",
        start + "a: \u{7F}\r\n", start + "a: b\u{0}c\r\n", start + "\u{e9}: b\r\n",
        start + "content-length: 1\r\ncontent-length: 1\r\n",
        start + "content-length: 1\r\ncontent-length: 2\r\n",
        start + "content-length: 1, 1\r\n", start + "content-length: +1\r\n",
        start + "content-length: \r\n", start + "content-length: 9999999999999999999\r\n",
        start + "content-length: 1\r\ntransfer-encoding: chunked\r\n",
        start + "transfer-encoding: chunked\r\ncontent-length: 1\r\n",
        start + "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
        String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 9),
    ]

    @Test(arguments: malformed) func malformedResponseIsRefused(_ text: String) {
        expectRefused(text) { if case .malformed = $0 { true } else { false } }
    }

    @Test(arguments: ["gzip, chunked", "identity", "xchunked"])
    func codingThatWasNotAskedForIsRefused(_ coding: String) {
        expectRefused(Self.start + "transfer-encoding: \(coding)\r\n") {
            $0 == .unknownTransferCoding
        }
    }

    @Test(arguments: [
        "\r\n", "g\r\n", "-1\r\n", "1 1\r\n", "1;\u{0}\r\n", "1\n", "ffffffffffffffff\r\n",
        "1\r\nabc", "1\r\na\n", "1;" + String(repeating: "a", count: 5000),
    ])
    func malformedChunkIsRefused(_ text: String) {
        expectRefused(Self.chunked + text) { if case .malformedChunk = $0 { true } else { false } }
    }

    private func expectRefused(_ text: String, _ isExpected: (HTTP1Error) -> Bool) {
        let bytes = wire(text)
        let memory = GuardedBytes(capacity: bytes.count)
        let whole = Self.parse(bytes, in: memory, concluding: false)
        #expect(whole.flaw.map(isExpected) == true, "\(String(describing: whole.flaw))")
        #expect(whole.endCount == 0)
        for cut in stride(from: 0, through: bytes.count, by: max(1, bytes.count / 300)) {
            #expect(Self.parse(bytes, cuts: [cut], in: memory, concluding: false) == whole)
        }
    }

    @Test func headsTogetherAreBounded() {
        var limits = HTTP1Limits()
        limits.headBytes = 300
        let interim = "HTTP/1.1 103 E\r\nA: \(String(repeating: "b", count: 100))\r\n\r\n"
        let final = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        for count in 0...3 {
            let bytes = wire(String(repeating: interim, count: count) + final)
            let isTooLarge = bytes.count > 300
            for cuts in [[], Array(0..<bytes.count)] {
                let result = Self.parse(bytes, cuts: cuts, limits: limits)
                #expect(result.flaw == (isTooLarge ? .headTooLarge : nil))
            }
        }
        limits = HTTP1Limits()
        limits.fields = 2
        let bytes = wire(Self.start + "a: b\r\na: b\r\na: b\r\n")
        #expect(Self.parse(bytes, limits: limits).flaw == .headTooLarge)
    }

    @Test func responseIsUntouchedUntilItsFirstByte() throws {
        var parser = HTTP1ResponseParser(limits: HTTP1Limits(), to: .other)
        func feed(_ text: String) throws -> Bool {
            let bytes = wire(text)
            var position = 0
            return try parser.next(bytes.span, from: &position) == nil
        }
        #expect(parser.isUntouched)
        #expect(try feed("H"))
        #expect(!parser.isUntouched)
        #expect(try feed("TTP/1.1 100 Continue\r\n\r\n"))
        #expect(!parser.isUntouched)
    }
}
