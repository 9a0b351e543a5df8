import RepriseNetwork
import Testing

@testable import RepriseSimulator

/// Requests as they are collected from a connection's bytes.
struct IncomingRequestsTests {
    private static let first =
        "POST /a?b HTTP/1.1\r\nHost: h\r\nX-One:  1 \r\nTransfer-Encoding: chunked\r\n\r\n"
    private static let second = "PUT /c HTTP/1.1\r\nHOST: i\r\nContent-Length: 3\r\n\r\n"
    private static let third = "GET / HTTP/1.0\r\n\r\n"
    private static let wire =
        first + "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n" + "\r\n" + second + "xyz" + third

    private func collect(_ pieces: [ArraySlice<UInt8>]) throws -> [IncomingRequests.Incoming] {
        var requests = IncomingRequests()
        var whole: [IncomingRequests.Incoming] = []
        for piece in pieces {
            var position = 0
            while let event = try requests.next(piece.span, from: &position) {
                if case .whole(let incoming) = event { whole.append(incoming) }
            }
            #expect(position == piece.count)
        }
        return whole
    }

    private func expectAll(_ whole: [IncomingRequests.Incoming]) {
        let heads = whole.map { String(decoding: $0.headBytes, as: UTF8.self) }
        #expect(heads == [Self.first, Self.second, Self.third])
        #expect(whole.map { String(decoding: $0.body, as: UTF8.self) } == ["abcde", "xyz", ""])
        #expect(whole.map(\.head.isPersistent) == [true, true, false])
    }

    @Test func eachSplitGivesTheSameRequests() throws {
        let bytes = Array(Self.wire.utf8)
        for split in 0...bytes.count {
            expectAll(try collect([bytes[..<split], bytes[split...]]))
        }
        expectAll(try collect(bytes.indices.map { bytes[$0...$0] }))
    }

    @Test func namesAreKeptAsTheyWereWritten() throws {
        let whole = try collect([Array(Self.wire.utf8)[...]])
        let fields = whole.map { RequestHeadText.fields($0.headBytes).map { "\($0)=\($1)" } }
        #expect(
            fields == [
                ["Host=h", "X-One=1", "Transfer-Encoding=chunked"],
                ["HOST=i", "Content-Length=3"], [],
            ])
    }

    @Test func bytesThatAreNoRequestAreRefusedEachTime() throws {
        var requests = IncomingRequests()
        let bytes = Array("GET / HTTP/1.1\r\n\r\n".utf8)
        for _ in 0..<2 {
            var position = 0
            #expect(throws: IncomingRequests.Refusal.malformed) {
                _ = try requests.next(bytes.span, from: &position)
            }
        }
    }
}
