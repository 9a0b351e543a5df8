import Foundation
import Logging
import Synchronization
import Testing

@testable import RepriseServer

/// What becomes of a message in both formats.
struct LineLogHandlerTests {
    @Test func textLineHasTimeLevelMessageAndSortedFields() {
        let lines = logged(.text) { logger in
            logger.info("request", metadata: ["status": "200", "method": "POST"])
        }
        #expect(lines == ["2026-01-01T00:00:00.000Z info request method=POST status=200\n"])
    }

    @Test func jsonLineIsOneObject() {
        let lines = logged(.json) { logger in
            logger.warning("slow store", metadata: ["ms": .stringConvertible(1.5), "b": "x y"])
        }
        #expect(
            lines == [
                """
                {"time":"2026-01-01T00:00:00.000Z","level":"warning","message":"slow store",\
                "b":"x y","ms":1.5}

                """
            ])
    }

    @Test(arguments: [
        ("plain", "plain"), ("", "\"\""), ("two words", "\"two words\""), ("a=b", "\"a=b\""),
        ("a\"b", "\"a\\\"b\""), ("a\\b", "\"a\\\\b\""), ("a\nb", "\"a\\nb\""),
        ("a\r\tb", "\"a\\r\\tb\""), ("a\u{0}b", "\"a\\u0000b\""), ("a\u{1B}[2J", "\"a\\u001b[2J\""),
        ("a\u{7F}", "\"a\\u007f\""), ("a\u{9B}b", "\"a\\u009bb\""),
        ("a\u{2028}b", "\"a\\u2028b\""), ("a\u{202E}b", "\"a\\u202eb\""),
        ("a\u{E0001}", "\"a\\udb40\\udc01\""), ("a\u{A0}b", "\"a\u{A0}b\""), ("é😀", "é😀"),
        ("/v1/chat?a:b,c", "/v1/chat?a:b,c"),
    ])
    func textValueIsQuotedWhereItMustBe(value: String, written: String) {
        let lines = logged(.text) { $0.info("m", metadata: ["k": "\(value)"]) }
        #expect(lines == ["2026-01-01T00:00:00.000Z info m k=\(written)\n"])
    }

    @Test func nothingBeginsALineOfItsOwn() {
        let forged = "x\n2026-01-01T00:00:00.000Z error forged\u{2029}\u{85}y"
        for format in LogFormat.allCases {
            let lines = logged(format) {
                $0.info("\(forged)", metadata: ["\(forged)": "\(forged)"])
            }
            #expect(lines.count == 1)
            #expect(lines[0].split(whereSeparator: \.isNewline).count == 1)
            #expect(lines[0].hasSuffix("\n"))
        }
    }

    @Test func messageOfATextLineKeepsItsQuotes() {
        let lines = logged(.text) { $0.info(#"set aside "a.db" \ kept"#) }
        #expect(lines == ["2026-01-01T00:00:00.000Z info set aside \"a.db\" \\\\ kept\n"])
    }

    @Test func jsonLineReadsBackAsItWasLogged() throws {
        let hostile = String(String.UnicodeScalarView((0..<0x300).compactMap(Unicode.Scalar.init)))
        let lines = logged(.json) { $0.info("\(hostile)", metadata: ["\(hostile)": "\(hostile)"]) }
        let object = try JSONDecoder().decode([String: String].self, from: Data(lines[0].utf8))
        #expect(object["message"] == hostile)
        #expect(object[hostile] == hostile)
    }

    @Test func numbersAndTruthValuesStayWhatTheyAre() {
        let lines = logged(.json) { logger in
            logger.info(
                "m",
                metadata: [
                    "a": .stringConvertible(200), "b": .stringConvertible(true),
                    "c": .stringConvertible(UInt64.max), "d": .stringConvertible(Double.infinity),
                    "e": "200", "f": .stringConvertible(Duration.seconds(1)),
                ])
        }
        #expect(
            lines[0].hasSuffix(
                """
                "a":200,"b":true,"c":18446744073709551615,"d":"inf","e":"200","f":"1.0 seconds"}

                """))
    }

    @Test func nestedMetadataIsFlattened() {
        let metadata: Logger.Metadata = [
            "a": ["b": ["c": "1"], "d": "2"], "e": ["x", "y z", ["n": "1"]],
        ]
        let json = logged(.json) { $0.info("m", metadata: metadata) }
        #expect(
            json[0].hasSuffix(#""a.b.c":"1","a.d":"2","e":["x","y z","[\"n\": \"1\"]"]}"# + "\n"))
        let text = logged(.text) { $0.info("m", metadata: ["a": ["b": "1"], "e": ["x", "y"]]) }
        #expect(text[0].hasSuffix(#" m a.b=1 e=["x","y"]"# + "\n"))
    }

    @Test func fieldDoesNotHideTheMessagesOwn() {
        let lines = logged(.json) { $0.info("m", metadata: ["level": "x", "time": "y"]) }
        #expect(
            lines[0] == """
                {"time":"2026-01-01T00:00:00.000Z","level":"info","message":"m",\
                "_level":"x","_time":"y"}

                """)
    }

    @Test func messagesOwnMetadataWinsOverTheLoggers() {
        let lines = logged(.text, provider: .init { ["p": "provider", "l": "provider"] }) { base in
            var logger = base
            logger[metadataKey: "l"] = "logger"
            logger[metadataKey: "m"] = "logger"
            logger.info("m", metadata: ["m": "message"])
        }
        #expect(lines[0].hasSuffix(" m l=provider m=message p=provider\n"))
    }

    @Test func longTextsAreCut() {
        let long = String(repeating: "x", count: 100_000)
        let cut = String(repeating: "x", count: 4_096) + "..."
        let lines = logged(.text) { $0.info("\(long)", metadata: ["k": "\(long)"]) }
        #expect(lines == ["2026-01-01T00:00:00.000Z info \(cut) k=\"\(cut)\"\n"])
    }

    @Test func lessSevereMessagesAreNotWritten() {
        let lines = logged(.text, level: .warning) { logger in
            logger.info("no")
            logger.warning("yes")
        }
        #expect(lines.count == 1)
    }

    /// The lines that `body` logs at the start of 2026.
    private func logged(
        _ format: LogFormat, level: Logger.Level = .info,
        provider: Logger.MetadataProvider? = nil, _ body: (Logger) -> Void
    ) -> [String] {
        let recorder = LineRecorder()
        var handler = LineLogHandler(
            format: format, level: level, sink: LogSink { recorder.append($0) },
            now: { 1_767_225_600_000 })
        handler.metadataProvider = provider
        body(Logger(label: "test") { _ in handler })
        return recorder.lines
    }
}

/// Collects the lines that a sink is given.
private final class LineRecorder: Sendable {
    private let collected = Mutex<[String]>([])

    var lines: [String] { collected.withLock { $0 } }

    func append(_ line: [UInt8]) {
        collected.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
    }
}
