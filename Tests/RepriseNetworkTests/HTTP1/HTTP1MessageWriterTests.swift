import Testing

@testable import RepriseNetwork

/// The text of messages.
struct HTTP1MessageWriterTests {
    private func written(_ write: (inout [UInt8]) -> Void) -> String {
        var bytes: [UInt8] = []
        write(&bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func responseIsWritten() {
        var fields = HeadFields()
        fields.append(name: wire("x-a"), value: wire("b"))
        fields.append(name: wire("x-b"), value: [])
        let text = written {
            HTTP1MessageWriter.appendStatusLine(200, to: &$0)
            HTTP1MessageWriter.appendFields(fields, to: &$0)
            HTTP1MessageWriter.appendField("content-length", number: 0, to: &$0)
            HTTP1MessageWriter.appendField("date", value: wire("now").span, to: &$0)
            HTTP1MessageWriter.appendHeadEnd(to: &$0)
        }
        #expect(
            text == "HTTP/1.1 200 OK\r\nx-a: b\r\nx-b: \r\ncontent-length: 0\r\ndate: now\r\n\r\n")
    }

    @Test(
        arguments: [
            (404, 0, "HTTP/1.0 404 Not Found\r\n"), (599, 1, "HTTP/1.1 599 \r\n"),
            (99, 1, "HTTP/1.1 500 Internal Server Error\r\n"),
            (1000, 1, "HTTP/1.1 500 Internal Server Error\r\n"),
            (-1, 1, "HTTP/1.1 500 Internal Server Error\r\n"),
        ])
    func statusLineIsWritten(status: Int, minorVersion: Int, line: String) {
        let text = written {
            HTTP1MessageWriter.appendStatusLine(status, minorVersion: minorVersion, to: &$0)
        }
        #expect(text == line)
    }

    @Test func requestIsWritten() {
        let text = written {
            HTTP1MessageWriter.appendRequestLine(
                method: wire("GET"), target: wire("/a?b"), to: &$0)
        }
        #expect(text == "GET /a?b HTTP/1.1\r\n")
    }

    /// Whatever bytes are handed in, they come to one line, and to one field of the same length.
    @Test func nothingEndsALineEarly() {
        for byte in UInt8.min...UInt8.max {
            let value = [UInt8(ascii: "a"), byte, UInt8(ascii: "b")]
            var bytes: [UInt8] = []
            HTTP1MessageWriter.appendField(name: wire("x").span, value: value.span, to: &bytes)
            let isReplaced = [0, 10, 13].contains(byte)
            #expect(bytes == wire("x: a") + [isReplaced ? 32 : byte] + wire("b\r\n"))
            bytes = []
            HTTP1MessageWriter.appendField("y", value: value.span, to: &bytes)
            #expect(bytes == wire("y: a") + [isReplaced ? 32 : byte] + wire("b\r\n"))
            bytes = []
            HTTP1MessageWriter.appendField(name: value.span, value: value.span, to: &bytes)
            #expect(bytes.isEmpty != byte.mayStandInToken)
            bytes = []
            HTTP1MessageWriter.appendRequestLine(method: value, target: value, to: &bytes)
            let blanks = bytes.count { $0 == 32 }
            #expect(blanks == 2)
            #expect(bytes.count { $0 == 10 || $0 == 13 || $0 == 0 } == 2)
        }
    }

    @Test(arguments: [
        (1, "1\r\n"), (15, "f\r\n"), (16, "10\r\n"), (65_535, "ffff\r\n"),
        (Int.max, "7fffffffffffffff\r\n"),
    ])
    func sizeOfAChunkIsHexadecimal(size: Int, line: String) {
        #expect(written { HTTP1MessageWriter.appendChunkHead(size: size, to: &$0) } == line)
    }

    @Test(arguments: [0, 7, 10, 1234567890, Int64.max, Int64.min, -5])
    func numberIsDecimal(_ number: Int64) {
        #expect(written { HTTP1MessageWriter.appendDecimal(number, to: &$0) } == "\(number)")
    }

    @Test func chunksAreReadAsTheyWereWritten() {
        var bytes = wire("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        for piece in ["a", "bc", String(repeating: "d", count: 300)] {
            HTTP1MessageWriter.appendChunkHead(size: piece.utf8.count, to: &bytes)
            bytes += wire(piece)
            HTTP1MessageWriter.appendChunkEnd(to: &bytes)
        }
        HTTP1MessageWriter.appendLastChunk(to: &bytes)
        let result = HTTP1ResponseParserTests.parse(bytes)
        #expect(result.body == "abc" + String(repeating: "d", count: 300))
        #expect(result.conclusion == "complete")
    }
}
