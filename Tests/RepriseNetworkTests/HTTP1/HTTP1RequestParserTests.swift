import Testing

@testable import RepriseNetwork

/// Reading requests from bytes, however they are cut.
struct HTTP1RequestParserTests {
    /// Bytes, and the requests that they are.
    struct Sample: Sendable, CustomTestStringConvertible {
        var bytes: String
        /// Of each request: method, target, version, framing, and marks for what else holds.
        var requests: [String]
        var fields: [String] = []
        var body = ""

        var testDescription: String { String(bytes.prefix(80)) }
    }

    static let samples: [Sample] = [
        Sample(
            bytes: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", requests: ["GET / 1 none persistent"],
            fields: ["host: a"]),
        Sample(
            bytes: "POST /v1/x?y=%20'{} HTTP/1.1\r\nHOST: a:1\r\nX-A:\t b  c \t\r\nX-B:\r\n"
                + "Content-Length: 5\r\n\r\nhello",
            requests: ["POST /v1/x?y=%20'{} 1 length(5) persistent"],
            fields: ["host: a:1", "x-a: b  c", "x-b: ", "content-length: 5"], body: "hello"),
        Sample(
            bytes: "\r\nGET / HTTP/1.1\r\nHost:\r\nContent-Length: 000\r\n\r\n"
                + "\r\nOPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\nConnection: Close\r\n\r\n",
            requests: ["GET / 1 length(0) persistent", "OPTIONS * 1 none"],
            fields: ["host: ", "content-length: 000", "host: [::1]:80", "connection: Close"]),
        Sample(
            bytes: "CONNECT a.b:443 HTTP/1.1\r\nHost: a.b:443\r\n\r\n",
            requests: ["CONNECT a.b:443 1 none persistent"], fields: ["host: a.b:443"]),
        Sample(
            bytes: "GET http://h/p HTTP/1.1\r\nHost: h\r\n\r\n",
            requests: ["GET http://h/p 1 none persistent"], fields: ["host: h"]),
        Sample(
            bytes: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n"
                + "Expect: 100-Continue\r\n\r\n"
                + "3\r\nabc\r\n00A;a=\"b\";c\r\n0123456789\r\n1 ;d\r\nx\r\n0\r\nX-T: a\r\nY:\r\n\r\n",
            requests: ["POST / 1 chunked persistent continue"],
            fields: ["host: a", "transfer-encoding: Chunked", "expect: 100-Continue"],
            body: "abc0123456789x"),
        Sample(
            bytes: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 27\r\n\r\n"
                + "GET /evil HTTP/1.1\r\nA: b\r\n\r"
                + "GET /next HTTP/1.1\r\nHost: a\r\nConnection: x, close ,y\r\n\r\n",
            requests: ["POST / 1 length(27) persistent", "GET /next 1 none"],
            fields: ["host: a", "content-length: 27", "host: a", "connection: x, close ,y"],
            body: "GET /evil HTTP/1.1\r\nA: b\r\n\r"),
        Sample(bytes: "GET / HTTP/1.0\r\n\r\n", requests: ["GET / 0 none"]),
        Sample(
            bytes: "POST / HTTP/1.0\r\nConnection: Keep-Alive\r\nExpect: 100-continue\r\n"
                + "Content-Length: 1\r\n\r\na",
            requests: ["POST / 0 length(1) persistent"],
            fields: [
                "connection: Keep-Alive", "expect: 100-continue", "content-length: 1",
            ], body: "a"),
        Sample(
            bytes: "GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n",
            requests: ["GET / 0 none"], fields: ["connection: keep-alive", "connection: close"]),
        Sample(
            bytes: "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nX: \u{e9}\u{ff}\u{80}\r\n"
                + "!#$%&'*+-.^_`|~9: ok\r\n\r\n",
            requests: ["GET / 1 none persistent"],
            fields: [
                "host: a", "expect: 100-continue", "x: \u{FFFD}\u{FFFD}\u{FFFD}",
                "!#$%&'*+-.^_`|~9: ok",
            ]),
        Sample(bytes: "", requests: []), Sample(bytes: "\r\n", requests: []),
    ]

    static func parse(
        _ bytes: [UInt8], cuts: [Int] = [], limits: HTTP1Limits = HTTP1Limits(),
        in memory: GuardedBytes? = nil, concluding: Bool = true
    ) -> ParsedMessages<HTTP1RequestHead> {
        ParsedMessages(
            bytes, cuts: cuts, by: HTTP1RequestParser(limits: limits),
            in: memory ?? GuardedBytes(capacity: bytes.count), concluding: concluding)
    }

    private static func describe(_ head: HTTP1RequestHead) -> String {
        var words = [
            String(decoding: head.method, as: UTF8.self),
            String(decoding: head.target, as: UTF8.self), "\(head.minorVersion)",
            "\(head.framing)",
        ]
        if head.isPersistent { words.append("persistent") }
        if head.expectsContinue { words.append("continue") }
        return words.joined(separator: " ")
    }

    @Test(arguments: samples) func requestsAreReadFromAnySplit(_ sample: Sample) {
        let bytes = wire(sample.bytes)
        let memory = GuardedBytes(capacity: bytes.count)
        let whole = Self.parse(bytes, in: memory)
        #expect(whole.heads.map(Self.describe) == sample.requests)
        #expect(whole.heads.flatMap(\.fields.lines) == sample.fields)
        #expect(whole.body == sample.body)
        #expect(whole.endCount == sample.requests.count)
        #expect(whole.flaw == nil)
        #expect(whole.conclusion == "clean")
        #expect(whole.rest.isEmpty)
        for cut in 0...bytes.count {
            #expect(Self.parse(bytes, cuts: [cut], in: memory) == whole, "cut at \(cut)")
        }
        #expect(Self.parse(bytes, cuts: Array(0..<bytes.count), in: memory) == whole)
    }

    /// What has ended before is told; what has begun is never told to have ended.
    @Test(arguments: samples) func truncatedRequestIsNotOver(_ sample: Sample) {
        let bytes = wire(sample.bytes)
        let memory = GuardedBytes(capacity: bytes.count)
        let whole = Self.parse(bytes, in: memory)
        for count in 0..<bytes.count {
            let part = Self.parse(Array(bytes[..<count]), in: memory)
            let isClean = part.heads.count == part.endCount && part.flaw == nil
            #expect(isClean || part.flaw == .truncated)
            #expect(part.endCount <= whole.endCount)
            #expect(whole.heads.starts(with: part.heads))
            if part.flaw == nil { #expect(part.conclusion == "clean") }
        }
    }

    private static let start = "POST / HTTP/1.1\r\nHost: a\r\n"
    private static let chunked = start + "Transfer-Encoding: chunked\r\n\r\n"

    /// Lines that make a request malformed, wherever it is cut.
    static let malformed: [String] = [
        " GET / HTTP/1.1\r\n", "\tGET / HTTP/1.1\r\n", "\r\n\r\nGET / HTTP/1.1\r\n", "\n",
        "\rGET / HTTP/1.1\r\n", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", "\u{0}", "\u{e9}",
        "GET\r\n", "GET /\r\n", "GET / \r\n", "GET  HTTP/1.1\r\n", "GET  / HTTP/1.1\r\n",
        "GET /  HTTP/1.1\r\n", "GET / HTTP/1.1 \r\n", "GET\t/ HTTP/1.1\r\n", "GET / a HTTP/1.1\r\n",
        "GET / HTTP/1.1\n", "GET / HTTP/1.1\r\r\n", "GET / HTTP/1.2\r\n", "GET / HTTP/2.0\r\n",
        "GET / HTTP/0.9\r\n", "GET / HTTP/1.10\r\n", "GET / HTTP/1.\r\n", "GET / http/1.1\r\n",
        "GET / HTTP/11\r\n", "GET / HTTP\r\n", "GET / XTTP/1.1\r\n", "GET / HTTP/1,1\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "G(T / HTTP/1.1\r\n", "G\u{0}T / HTTP/1.1\r\n",
        "GET /\u{0} HTTP/1.1\r\n", "GET /\u{7f} HTTP/1.1\r\n", "GET /\u{e9} HTTP/1.1\r\n",
        "GET /a#b HTTP/1.1\r\n", "GET /\r HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nA: b\r\n\r\n", start + "Host: a\r\n",
        start + "host: b\r\n", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n", "GET / HTTP/1.1\r\nHost: a/b\r\n",
        "GET / HTTP/1.1\r\nHost: u@a\r\n", "GET / HTTP/1.1\r\nHost: a, b\r\n",
        "GET / HTTP/1.1\r\nHost: \u{e9}\r\n", "GET / HTTP/1.1\r\n Host: a\r\n",
        start + "A: b\n", start + "\n", start + "A: b\r\n c\r\n", start + "A: b\r\n\tc\r\n",
        start + " \r\n", start + "A : b\r\n", start + "A\t: b\r\n", start + "A B: c\r\n",
        start + ": b\r\n", start + "A\r\n", start + "A(: b\r\n", start + "\u{e9}: b\r\n",
        start + "A\u{0}: b\r\n", start + "A: b\u{0}c\r\n", start + "A: b\rc\r\n",
        start + "A: \r\r\n", start + "A: \u{7f}\r\n", start + "A: \u{1}\r\n",
        start + "A: \u{b}\r\n", start + "A: b\r\n\r\u{0}\n", start + "\r\rX\n",
        start + "Content-Length: 1\r\nContent-Length: 1\r\n",
        start + "Content-Length: 1\r\nContent-Length: 2\r\n", start + "Content-Length: 2, 2\r\n",
        start + "Content-Length: 2,2\r\n", start + "Content-Length: -2\r\n",
        start + "Content-Length: +2\r\n", start + "Content-Length: 0x2\r\n",
        start + "Content-Length: 2 2\r\n", start + "Content-Length: 2a\r\n",
        start + "Content-Length: \r\n", start + "Content-Length: 2.0\r\n",
        start + "Content-Length: \u{b2}\r\n", start + "Content-Length: \"2\"\r\n",
        start + "Content-Length: 18446744073709551618\r\n",
        start + "Content-Length: 9223372036854775808\r\n",
        start + "Content-Length: 0000000000000000002\r\n",
        start + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        start + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
        start + "Content-Length: 1\r\nTransfer-Encoding: gzip\r\n",
        start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n",
        start + "Transfer-Encoding: chunked, chunked\r\n",
        start + "Transfer-Encoding: chunked, identity\r\n",
        start + "Transfer-Encoding: chunked,\r\n", start + "Transfer-Encoding: ,chunked\r\n",
        start + "Transfer-Encoding:\r\n", start + "Transfer-Encoding: \"chunked\"\r\n",
        start + "Transfer-Encoding: \u{b}chunked\r\n",
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n",
    ]

    @Test(arguments: malformed) func malformedHeadIsRefused(_ text: String) {
        expectRefused(text) { if case .malformed = $0 { true } else { false } }
    }

    @Test(arguments: [
        "xchunked", "chunkedx", "gzip, chunked", "gzip", "identity", "chunked;a=b", "chunked x",
        "deflate;q=\"a,b\", chunked", "compress",
    ])
    func codingOtherThanChunkedIsUnknown(_ coding: String) {
        expectRefused(Self.start + "Transfer-Encoding: \(coding)\r\n") {
            $0 == .unknownTransferCoding
        }
    }

    @Test(arguments: [
        "\r\n", "g\r\n", "-1\r\n", "+1\r\n", "0x1\r\n", " 1\r\n", "1 \r\n", "1 1\r\n", "1\n",
        "1\r\r\n", "1\ra", "1;a\n", "1;\u{0}\r\n", "1;a\rb\r\n", "1; \u{7f}\r\n", "\u{0}1\r\n",
        "ffffffffffffffff\r\n", "0000000000000001\r\n", "1\r\nab", "1\r\na\n", "1\r\na\r\r",
        "1\r\na\r\n\r\n", "0\r\n\n", "0\r\nA: b\n", "3;" + String(repeating: "a", count: 5000),
        "0\r\n" + String(repeating: "A: b\r\n", count: 257),
        "0\r\nA: " + String(repeating: "b", count: 17_000),
    ])
    func malformedChunkIsRefused(_ text: String) {
        expectRefused(Self.chunked + text) { if case .malformedChunk = $0 { true } else { false } }
    }

    @Test(arguments: [
        "0\r\nA b: c\r\n", "0\r\n A: b\r\n", "0\r\nA : b\r\n", "0\r\nA: \u{0}\r\n", "0\r\n:\r\n",
        "0\r\nA: b\r\n c\r\n",
    ])
    func malformedTrailerIsRefused(_ text: String) {
        expectRefused(Self.chunked + text) { if case .malformed = $0 { true } else { false } }
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
        let each = bytes.count < 2000 ? 1 : 97
        let cuts = Array(stride(from: 0, to: bytes.count, by: each))
        #expect(Self.parse(bytes, cuts: cuts, in: memory, concluding: false) == whole)
    }

    // MARK: Bounds

    @Test func headMayHaveAsManyBytesAndFieldsAsTheLimitsSay() {
        var limits = HTTP1Limits()
        limits.headBytes = 100
        let memory = GuardedBytes(capacity: 400)
        for extra in 0..<3 {
            let base = "GET / HTTP/1.1\r\nHost: a\r\nX: "
            let text = base + String(repeating: "x", count: 100 - base.utf8.count - 4 + extra)
            for step in [1, 7, 1000] {
                let bytes = wire(text + "\r\n\r\n")
                let cuts = Array(stride(from: 0, to: bytes.count, by: step))
                let result = Self.parse(bytes, cuts: cuts, limits: limits, in: memory)
                #expect(result.flaw == (extra == 0 ? nil : .headTooLarge))
            }
            let open = Self.parse(
                wire(text + String(repeating: "x", count: 200)), limits: limits, in: memory)
            #expect(open.flaw == .headTooLarge)
        }
        limits = HTTP1Limits()
        limits.fields = 3
        let three = "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nA: b\r\n"
        #expect(Self.parse(wire(three + "\r\n"), limits: limits).flaw == nil)
        #expect(Self.parse(wire(three + "A: b\r\n\r\n"), limits: limits).flaw == .headTooLarge)
    }

    @Test func largeHeadWithinTheDefaultLimitsPasses() {
        let fields = (0..<249).map { "x-\($0): \(String(repeating: "y", count: 220))\r\n" }
        let text = "GET / HTTP/1.1\r\nHost: a\r\n" + fields.joined() + "\r\n"
        #expect((56_000..<65_536).contains(text.utf8.count))
        let bytes = wire(text)
        let whole = Self.parse(bytes)
        #expect(whole.heads.first?.fields.count == 250)
        let cuts = Array(stride(from: 0, to: bytes.count, by: 61))
        #expect(Self.parse(bytes, cuts: cuts) == whole)
    }

    @Test func manySmallChunksPassAndMostlyFrameDoesNot() {
        let plain = String(repeating: "1\r\na\r\n", count: 20_000) + "0\r\n\r\n"
        #expect(Self.parse(wire(Self.chunked + plain)).body.utf8.count == 20_000)
        let padding = String(repeating: "x", count: 100)
        for count in [100, 1000] {
            let text = String(repeating: "1;\(padding)\r\na\r\n", count: count) + "0\r\n\r\n"
            let flaw = Self.parse(wire(Self.chunked + text)).flaw
            let isRefused = if case .malformedChunk = flaw { true } else { false }
            #expect(isRefused == (count == 1000))
        }
    }

    // MARK: Where the parser stands

    @Test func parserTellsWhereItStands() throws {
        var parser = HTTP1RequestParser(limits: HTTP1Limits())
        func feed(_ text: String) throws {
            let bytes = wire(text)
            var position = 0
            while try parser.next(bytes.span, from: &position) != nil {}
            #expect(position == bytes.count)
        }
        #expect(parser.isBetweenMessages && !parser.isWithinHead)
        try feed("\r")
        #expect(!parser.isBetweenMessages && parser.isWithinHead)
        try feed("\n")
        #expect(parser.isBetweenMessages && !parser.isWithinHead)
        try feed("P")
        #expect(!parser.isBetweenMessages && parser.isWithinHead)
        try feed("OST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r")
        #expect(parser.isWithinHead)
        try feed("\na")
        #expect(!parser.isBetweenMessages && !parser.isWithinHead)
        try feed("b")
        #expect(parser.isBetweenMessages && !parser.isWithinHead)
    }

    @Test func prefaceOfHTTP2IsRecognisedAtTheByteThatDecides() {
        func match(_ bytes: some Sequence<UInt8>) -> HTTP2Preface.Match {
            let start = Array(bytes)
            return HTTP2Preface.match(start.span)
        }
        let preface = HTTP2Preface.bytes
        for count in 0...preface.count {
            #expect(match(preface[..<count]) == (count == 24 ? .yes : .maybe))
            guard count < preface.count else { continue }
            var other = preface
            other[count] ^= 1
            #expect(match(other) == .no)
            #expect(match(other[...count]) == .no)
        }
        #expect(match(preface + [0]) == .yes)
    }
}
