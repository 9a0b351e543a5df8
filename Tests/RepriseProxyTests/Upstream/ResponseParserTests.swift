import NIOCore
import RepriseCore
import Testing

@testable import RepriseProxy

/// Reading one response from bytes, however they are cut.
struct ResponseParserTests {
    /// A response, and what it is to come to.
    struct Sample: Sendable, CustomTestStringConvertible {
        var bytes: String
        var isHead = false
        var status: Int32 = 200
        var headers: [String] = []
        var body = ""
        var isFramed = true
        var keepsAlive = true
        var lastsUntilClose = false

        var testDescription: String { bytes }
    }

    static let samples: [Sample] = [
        Sample(
            bytes: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: \t b c \r\n\r\nhello",
            headers: ["content-length: 5", "x-a: b c"], body: "hello"),
        Sample(bytes: "HTTP/1.1 200 \r\ncontent-length:0\r\n\r\n", headers: ["content-length: 0"]),
        Sample(bytes: "HTTP/1.1 204\r\n\r\n", status: 204),
        Sample(
            bytes: "HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n", status: 304,
            headers: ["content-length: 9"]),
        Sample(
            bytes: "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", isHead: true,
            headers: ["content-length: 7"]),
        Sample(
            bytes: "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
                + "3\r\nabc\r\n00A ; a=\"b\"\r\n0123456789\r\n0\r\n\r\n",
            headers: ["transfer-encoding: Chunked"], body: "abc0123456789"),
        Sample(
            bytes: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
                + "1\r\na\r\n0\r\nX-Trailer: b\r\nY: \r\n\r\n",
            headers: ["transfer-encoding: chunked"], body: "a"),
        Sample(
            bytes: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: a\r\n\r\n"
                + "HTTP/1.1 200 OK\r\ncontent-length: 1\r\nConnection: keep-alive, close\r\n\r\na",
            headers: ["content-length: 1", "connection: keep-alive, close"], body: "a",
            keepsAlive: false),
        Sample(
            bytes: "HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\na", headers: ["content-length: 1"],
            body: "a", keepsAlive: false),
        Sample(
            bytes: "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\ncontent-length: 1\r\n\r\na",
            headers: ["connection: Keep-Alive", "content-length: 1"], body: "a"),
        Sample(
            bytes: "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n"
                + "1\r\na\r\n0\r\n\r\n",
            headers: ["connection: keep-alive", "transfer-encoding: chunked"], body: "a",
            keepsAlive: false),
        Sample(
            bytes: "HTTP/1.1 429 Too Many\u{e9}\r\nX: \u{e9}\r\n\r\nuntil the end", status: 429,
            headers: ["x: \u{e9}"], body: "until the end", isFramed: false, keepsAlive: false,
            lastsUntilClose: true),
    ]

    /// What a parser made of bytes that came in pieces.
    struct Reading {
        var parser: ResponseParser
        var buffer = ByteBuffer()
        var head: ResponseHead?
        var body = ""
        var hasEnded = false

        init(isHead: Bool = false) {
            parser = ResponseParser(isHead: isHead)
        }

        mutating func feed(_ bytes: some Sequence<UInt8>) throws {
            buffer.writeBytes(Array(bytes))
            while let part = try parser.next(&buffer) {
                switch part {
                case .head(let head):
                    #expect(self.head == nil)
                    self.head = head
                case .body(let piece):
                    #expect(piece.readableBytes > 0)
                    body += String(buffer: piece)
                case .end:
                    #expect(!hasEnded)
                    hasEnded = true
                }
            }
        }

        mutating func finish() throws {
            if try parser.finish() == .end { hasEnded = true }
        }

        var headers: [String]? {
            head?.headers.map {
                "\(String(decoding: $0.name, as: UTF8.self)): "
                    + String(decoding: $0.value, as: UTF8.self)
            }
        }

        func expect(_ sample: Sample) {
            #expect(hasEnded)
            #expect(head?.status == sample.status)
            #expect(headers == sample.headers)
            #expect(body == sample.body)
            #expect(parser.isFramed == sample.isFramed)
            #expect(parser.keepsAlive == sample.keepsAlive)
        }
    }

    @Test(arguments: samples) func responseIsReadWholeFromAnySplit(_ sample: Sample) throws {
        let bytes = Array(sample.bytes.utf8)
        for cut in 0...bytes.count {
            var reading = Reading(isHead: sample.isHead)
            try reading.feed(bytes[..<cut])
            try reading.feed(bytes[cut...])
            #expect(reading.hasEnded != sample.lastsUntilClose)
            if sample.lastsUntilClose { try reading.finish() }
            reading.expect(sample)
        }
    }

    @Test(arguments: samples) func responseIsReadWholeByteByByte(_ sample: Sample) throws {
        var reading = Reading(isHead: sample.isHead)
        for byte in sample.bytes.utf8 { try reading.feed([byte]) }
        if sample.lastsUntilClose { try reading.finish() }
        reading.expect(sample)
    }

    @Test(arguments: samples) func truncatedResponseIsNotOver(_ sample: Sample) throws {
        let bytes = Array(sample.bytes.utf8)
        for cut in 0..<bytes.count {
            var reading = Reading(isHead: sample.isHead)
            try reading.feed(bytes[..<cut])
            #expect(!reading.hasEnded)
            if sample.lastsUntilClose, reading.head != nil { continue }
            let truncated = reading
            #expect(throws: ResponseParser.Flaw.truncated) {
                var reading = truncated
                try reading.finish()
            }
        }
    }

    @Test(arguments: samples) func whatFollowsIsNotTaken(_ sample: Sample) throws {
        guard !sample.lastsUntilClose else { return }
        var reading = Reading(isHead: sample.isHead)
        try reading.feed(Array(sample.bytes.utf8) + Array("HTTP/1.1".utf8))
        reading.expect(sample)
        #expect(reading.buffer == ByteBuffer(string: "HTTP/1.1"))
        try reading.finish()
    }

    private static let head = "HTTP/1.1 200 OK\r\n"
    private static let chunked = head + "transfer-encoding: chunked\r\n\r\n"

    static let flawed: [(String, ResponseParser.Flaw)] = [
        ("HTTP/2.0 200 OK\r\n", .notHTTP), ("HTTP/1.x 200 OK\r\n", .notHTTP),
        ("HTTP/1.1 20 OK\r\n", .notHTTP), ("HTTP/1.1 2000\r\n", .notHTTP),
        ("HTTP/1.1 099 No\r\n", .notHTTP), ("HTTP/1.1 200 a\u{0}\r\n", .notHTTP),
        ("http/1.1 200 OK\r\n", .notHTTP), ("GET / HTTP/1.1\r\n", .notHTTP), ("\r\n", .notHTTP),
        ("HTTP/1.1 101 Switching Protocols\r\n", .switchedProtocols),
        ("HTTP/1.1 200 OK\n", .malformedLine), (head + "a: b\n", .malformedLine),
        (head + "\n", .malformedLine), (head + "a: b\rc: d\r\n", .malformedField),
        (head + " folded\r\n", .malformedField), (head + "a : b\r\n", .malformedField),
        (head + ": b\r\n", .malformedField), (head + "a\r\n", .malformedField),
        (head + "a(b: c\r\n", .malformedField), (head + "a: \u{7F}\r\n", .malformedField),
        (head + "a: b\u{0}c\r\n", .malformedField), (head + "\u{e9}: b\r\n", .malformedField),
        (head + "content-length: 1\r\ncontent-length: 1\r\n", .ambiguousLength),
        (head + "content-length: 1, 1\r\n", .ambiguousLength),
        (head + "content-length: +1\r\n", .ambiguousLength),
        (head + "content-length: \r\n", .ambiguousLength),
        (head + "content-length: 9999999999999999999\r\n", .ambiguousLength),
        (head + "content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", .ambiguousLength),
        (head + "transfer-encoding: gzip, chunked\r\n", .unknownCoding),
        (head + "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n", .unknownCoding),
        (chunked + "\r\n", .malformedChunk), (chunked + "g\r\n", .malformedChunk),
        (chunked + "-1\r\n", .malformedChunk), (chunked + "1 1\r\n", .malformedChunk),
        (chunked + "1;\u{0}\r\n", .malformedChunk), (chunked + "1\n", .malformedLine),
        (chunked + "ffffffffffffffff\r\n", .malformedChunk),
        (chunked + "1\r\nabc", .tooLong), (chunked + "1\r\na\n", .malformedLine),
        (chunked + "0\r\na b\r\n", .malformedField),
        (chunked + "1;" + String(repeating: "a", count: 5000), .tooLong),
        (head + "a: " + String(repeating: "a", count: 140_000), .tooLong),
        (head + String(repeating: "a: b\r\n", count: 257), .tooLong),
        (
            head + String(repeating: "a: \(String(repeating: "b", count: 1000))\r\n", count: 200),
            .tooLong
        ),
        (String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 6_000), .tooLong),
    ]

    @Test(arguments: flawed) func malformedResponseIsRefused(
        bytes: String, flaw: ResponseParser.Flaw
    ) {
        for step in [1, 7, bytes.utf8.count] {
            #expect(throws: flaw, "\(bytes.prefix(100))") {
                var reading = Reading()
                var rest = Array(bytes.utf8)[...]
                while !rest.isEmpty {
                    try reading.feed(rest.prefix(step))
                    rest = rest.dropFirst(step)
                }
            }
        }
    }

    @Test func anyBytesAreTakenOrRefusedWithoutATrap() {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array("HTTP/1.1 200\r\n:;,0a\u{0}\u{e9}chunked".utf8)
        for sample in Self.samples {
            for _ in 0..<200 {
                var bytes = Array(sample.bytes.utf8)
                for _ in 0..<3 {
                    let place = Int.random(in: bytes.indices, using: &random)
                    bytes[place] = alphabet.randomElement(using: &random) ?? 0
                }
                var reading = Reading(isHead: sample.isHead)
                try? reading.feed(bytes)
                try? reading.finish()
            }
        }
    }
}
