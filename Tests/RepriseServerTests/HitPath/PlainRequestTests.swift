import Foundation
import Testing

@testable import RepriseServer

struct PlainRequestTests {
    @Test func aPlainRequestIsMeasured() {
        let text = RequestText()
        let request = PlainScan(text).request
        #expect(request?.length == text.bytes.count)
        #expect(request?.bodyLength == text.body?.utf8.count)
        #expect(request?.mayBeKnown == true)
    }

    @Test func anOfficialSDKsRequestIsPlain() {
        let text = RequestText(
            fields: [
                ("Host", "127.0.0.1:8787"), ("Accept-Encoding", "gzip, deflate"),
                ("Connection", "keep-alive"), ("Accept", "application/json"),
                ("Content-Type", "application/json"), ("User-Agent", "OpenAI/Python 1.109.1"),
                ("X-Stainless-Lang", "python"), ("X-Stainless-Raw-Response", "true"),
                ("Authorization", "Bearer sk-1"), ("x-stainless-read-timeout", "600"),
            ])
        #expect(PlainScan(text).request?.mayBeKnown == true)
    }

    @Test(
        arguments: [
            "GET /v1/models HTTP/1.1\r\nHost: h\r\n\r\n",
            "POST /v1/files HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data\r\n"
                + "Content-Length: 0\r\n\r\n",
            "POST /v1/x HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n\r\n",
            "POST /v1/x HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
            "DELETE /v1/x HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                + "Content-Length: 0\r\n\r\n",
        ])
    func whatIsNotAPostOfJSONIsNotKnown(text: String) {
        #expect(PlainScan(Array(text.utf8)).request?.mayBeKnown == false)
    }

    @Test(
        arguments: [
            ("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "identity"),
            ("transfer-ENCODING", ""), ("Expect", "100-continue"), ("Upgrade", "websocket"),
            ("HTTP2-Settings", "AAMAAABkAAQAoAAAAAIAAAAA"), ("TE", "trailers"), ("Trailer", "x"),
            ("Content-Encoding", "gzip"), ("Proxy-Connection", "keep-alive"),
            ("Connection", "close"), ("Connection", "Upgrade"), ("Connection", ""),
            ("Connection", "keep-alive, close"), ("Connection", "x"),
            ("Proxy-Authorization", "Basic eA=="), ("X-Gateway-Token", "t"), ("Host", "again"),
            ("Content-Type", "application/json"), ("Content-Length", "12"),
            ("", "empty name"), ("Name ", "space before the colon"), ("Na me", "space in the name"),
            ("N\u{e9}", "x"), ("N(", "x"), ("X", "caf\u{e9}"), ("X", "a\0b"), ("X", "a\u{7f}b"),
            ("X", "a\u{1}b"), ("X", "a\rb"), ("X", "a\nb"), ("X", "a\tb"), ("X", "\tb"),
            ("X", "b\t"), ("X", "folded\r\n line"),
            ("X", "folded\r\n\tline"), ("X", "\r\n folded"),
        ])
    func oneFieldMakesARequestNotPlain(name: String, value: String) {
        #expect(PlainScan(RequestText().adding(name, value)).outcome == .notPlain)
    }

    @Test(arguments: KeyedBytesOracle.keyedNames)
    func aRepeatedKeyedFieldIsNotPlain(name: String) {
        var text = RequestText()
        text.fields.removeLast()
        #expect(PlainScan(text.adding(name, "a")).request != nil)
        for again in [name, name.uppercased()] {
            #expect(PlainScan(text.adding(name, "a").adding(again, "a")).outcome == .notPlain)
        }
    }

    @Test(
        arguments: [
            "", "-1", "+1", "01", "00", "1 1", "1,1", "1, 1", "0x1", "1e1", "1.0", "a", "1_0",
            "9999999999999", "\u{661}", "18446744073709551617", "1\t",
        ])
    func aLengthThatIsNotBareDigitsIsNotPlain(length: String) {
        var text = RequestText(body: nil)
        text.fields.append(("Content-Length", length))
        #expect(PlainScan(text).outcome == .notPlain)
    }

    @Test(
        arguments: [
            "POST /v1/x HTTP/1.0", "POST /v1/x HTTP/1.2", "POST /v1/x HTTP/2.0", "POST /v1/x",
            "POST /v1/x http/1.1", "POST /v1/x  HTTP/1.1", "POST /v1/x HTTP/1.1 ",
            "POST  /v1/x HTTP/1.1", " POST /v1/x HTTP/1.1", "\r\nPOST /v1/x HTTP/1.1",
            "POST\t/v1/x HTTP/1.1", "POST /v1/\tx HTTP/1.1", "POST /v1/x\u{e9} HTTP/1.1",
            "POST /v1/x\0 HTTP/1.1", "POST http://h/v1/x HTTP/1.1", "POST * HTTP/1.1",
            "POST v1/x HTTP/1.1", "POST  HTTP/1.1", "post /v1/x HTTP/1.1", "TRACE / HTTP/1.1",
            "CONNECT h:443 HTTP/1.1", "PRI * HTTP/2.0", "POSTS /v1/x HTTP/1.1", "/ HTTP/1.1",
        ])
    func anUnusualRequestLineIsNotPlain(line: String) {
        let fields = "Host: h\r\nContent-Type: application/json\r\nContent-Length: 0\r\n"
        let text = line + "\r\n" + fields + "\r\n"
        #expect(PlainScan(Array(text.utf8)).outcome == .notPlain)
    }

    @Test func everyLineEndIsCRLF() {
        let text = String(decoding: RequestText().bytes, as: UTF8.self)
        let lines = text.components(separatedBy: "\r\n")
        for index in 0..<lines.count - 1 {
            for end in ["\n", "\r", "\r\r\n", "\n\r", "\r\n\n"] {
                let changed =
                    lines[...index].joined(separator: "\r\n") + end
                    + lines[(index + 1)...].joined(separator: "\r\n")
                let request = PlainScan(Array(changed.utf8)).request
                // Behind the empty line stands the body.
                let isBody = index == lines.count - 2 && request?.headLength == text.headLength
                #expect(request == nil || isBody, "\(index) \(Array(end.utf8).literal)")
            }
        }
    }

    @Test func aHostIsNeededAndOnlyOne() {
        #expect(PlainScan(RequestText(fields: [])).outcome == .notPlain)
        #expect(PlainScan(RequestText(fields: [("Host", "")])).outcome == .notPlain)
        #expect(PlainScan(RequestText(fields: [("Host", "a")])).request != nil)
        #expect(
            PlainScan(RequestText(fields: [("Host", "a"), ("host", "a")])).outcome == .notPlain)
    }

    @Test func headsAreBounded() {
        let most = PlainRequest.mostFields - 3
        let fields = { (count: Int) in
            (0..<count).reduce(RequestText()) { text, number in text.adding("X-\(number)", "y") }
        }
        #expect(PlainScan(fields(most)).request != nil)
        #expect(PlainScan(fields(most + 1)).outcome == .notPlain)

        let bare = RequestText().adding("X", "").bytes.count - (RequestText().body ?? "").utf8.count
        let padded = { (count: Int) in
            RequestText().adding("X", String(repeating: "x", count: count))
        }
        let room = PlainRequest.longestHead - bare
        #expect(PlainScan(padded(room)).request?.headLength == PlainRequest.longestHead)
        #expect(PlainScan(padded(room + 1)).outcome == .notPlain)
        let endless = Array(padded(room + 100).bytes.prefix(PlainRequest.longestHead))
        #expect(PlainScan(endless).outcome == .notPlain)
        #expect(PlainScan(endless.dropLast()).outcome == .incomplete)
    }

    @Test func everyBeginningOfAHeadIsIncomplete() {
        let bytes = RequestText().adding("Connection", "keep-alive").adding("Empty", "").bytes
        let whole = PlainScan(bytes)
        let headLength = whole.request?.headLength ?? 0
        for count in 0..<headLength {
            #expect(PlainScan(bytes.prefix(count)).outcome == .incomplete)
        }
        for count in headLength...bytes.count {
            #expect(PlainScan(bytes.prefix(count)) == whole)
        }
    }
}

extension PlainScan {
    /// Scans some bytes of a request.
    init(_ bytes: ArraySlice<UInt8>) {
        self.init(Array(bytes))
    }
}

extension String {
    /// The bytes up to the end of the first empty line.
    fileprivate var headLength: Int {
        guard let end = range(of: "\r\n\r\n") else { return utf8.count }
        return utf8.distance(from: startIndex, to: end.upperBound)
    }
}
