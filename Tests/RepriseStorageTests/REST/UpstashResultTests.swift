import Testing

@testable import RepriseStorage

struct UpstashResultTests {
    private static let text =
        #"[{"result":"OK"},{"result":null},{"result":-7},{"error":"ERR \"é\""},{"result":["a",{}],"x":1}]"#

    @Test func resultsAreReadInOrder() {
        #expect(
            UpstashResult.list(Array(Self.text.utf8)) == [
                .text(Array("OK".utf8)), .nothing, .integer(-7), .error(Array("ERR \"é\"".utf8)),
                .other,
            ])
    }

    @Test func everyTruncationIsNone() {
        let bytes = Array(Self.text.utf8)
        for length in 0..<bytes.count {
            #expect(UpstashResult.list(Array(bytes[..<length])) == nil)
        }
    }

    @Test func onlyWholeBase64IsAStoredText() {
        #expect(UpstashResult.stored(Array("w6k=".utf8)) == Array("é".utf8))
        #expect(UpstashResult.stored([]) == [])
        for text in ["OK", "w6k", "w6k=\n", "é", "w6k-"] {
            #expect(UpstashResult.stored(Array(text.utf8)) == nil)
        }
    }

    @Test(arguments: [
        ("ERR unknown command 'secret'", "ERR unknown command"),
        ("WRONGPASS invalid", "WRONGPASS invalid"), ("a\r\nb", "a"), ("é\u{1B}[31m", "???"),
        ("", "no reason given"), ("{\"a\":1}", "no reason given"),
    ])
    func peersWordsAreOneLineWithoutWhatTheyQuote(text: String, line: String) {
        #expect(PeerText.line(text) == line)
    }

    @Test func pauseEndsWhenItsLengthIsOverWhateverTheClockDoes() {
        var pause = RequestPause()
        #expect(pause.milliseconds(now: 1000) == 0)
        pause.begin(milliseconds: 500, now: 1000)
        #expect(pause.milliseconds(now: 1499) == 1)
        pause.begin(milliseconds: 100, now: 1100)
        #expect(pause.milliseconds(now: 1100) == 400)
        #expect(pause.milliseconds(now: 0) == 500)
        #expect(pause.milliseconds(now: 500) == 0)
        pause.begin(milliseconds: .max, now: 0)
        #expect(pause.milliseconds(now: 0) == RequestPause.maximum)
    }

    @Test(
        arguments: [
            (nil, 1000), ("0", 1000), ("-1", 1000), ("soon", 1000), ("1", 1000), ("30", 30_000),
            ("99999999999999", 300_000),
        ] as [(String?, Int64)])
    func retryAfterIsSecondsUpToFiveMinutes(field: String?, milliseconds: Int64) {
        #expect(RequestPause.wait(retryAfter: field) == milliseconds)
    }
}
