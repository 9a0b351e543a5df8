import Foundation
import Testing

@testable import RepriseLogging

/// What becomes of a record in both formats.
struct LogLineTests {
    @Test func textLineHasTimeLevelMessageAndSortedFields() {
        let line = written(
            .text, "request",
            [
                .init("status", .integer(200)), .init("method", .text("POST")),
                .init("cut", .truth(true)), .init("ms", .milliseconds(nanoseconds: 42_000)),
                .init("cache", .text("hit")),
            ])
        #expect(
            line == "\(stamp) info request cache=hit cut=true method=POST ms=0.042 status=200\n")
    }

    @Test func jsonLineIsOneObjectWithNumbers() {
        let line = written(
            .json, "slow store", level: .warning,
            [
                .init("ms", .milliseconds(nanoseconds: 1_500_000)), .init("b", .text("x y")),
                .init("status", .integer(-3)), .init("cut", .truth(false)),
            ])
        #expect(
            line == """
                {"time":"\(stamp)","level":"warning","message":"slow store",\
                "b":"x y","cut":false,"ms":1.500,"status":-3}

                """)
    }

    @Test(arguments: LogLevel.allCases)
    func levelsAreNamed(level: LogLevel) {
        #expect(written(.text, "m", level: level, []) == "\(stamp) \(level) m\n")
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
    func textValueIsQuotedWhereItMustBe(value: String, expected: String) {
        #expect(
            written(.text, "m", [.init("k", .text(value))]) == "\(stamp) info m k=\(expected)\n")
    }

    @Test(arguments: LogFormat.allCases)
    func nothingBeginsALineOfItsOwn(format: LogFormat) {
        let forged = "x\n\(stamp) error forged\u{2029}\u{85}y"
        let line = written(format, "a\nb\u{2028}c", [.init("k", .text(forged))])
        #expect(line.split(whereSeparator: \.isNewline).count == 1)
        #expect(line.hasSuffix("\n"))
    }

    @Test func messageOfATextLineKeepsItsQuotes() {
        #expect(
            written(.text, #"set aside "a.db" \ kept"#, [])
                == "\(stamp) info set aside \"a.db\" \\\\ kept\n")
    }

    @Test func jsonLineReadsBackAsItWasLogged() throws {
        let hostile = String(String.UnicodeScalarView((0..<0x300).compactMap(Unicode.Scalar.init)))
        let line = written(.json, "a\"b\\c\u{1}", [.init("k", .text(hostile))])
        let object = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
        #expect(object["message"] == "a\"b\\c\u{1}")
        #expect(object["k"] == hostile)
    }

    @Test(arguments: [
        (0, "0.000"), (499, "0.000"), (500, "0.001"), (1_234_567, "1.235"), (999_999, "1.000"),
        (-400, "0.000"), (-1_500_000, "-1.500"), (60_000_000_000, "60000.000"),
        (Int64.max, "9223372036854.776"), (Int64.min, "-9223372036854.776"),
    ])
    func millisecondsHaveThreeDigits(nanoseconds: Int64, text: String) {
        #expect(
            written(.text, "m", [.init("ms", .milliseconds(nanoseconds: nanoseconds))])
                == "\(stamp) info m ms=\(text)\n")
    }

    @Test(arguments: [0, 9, 10, -1, 1_234_567_890, Int64.max, Int64.min])
    func wholeNumbersAreWrittenInFull(number: Int64) {
        #expect(
            written(.text, "m", [.init("n", .integer(number))])
                == "\(stamp) info m n=\(number)\n")
    }

    @Test func fieldDoesNotHideTheLinesOwn() {
        #expect(
            written(.json, "m", [.init("level", .text("x")), .init("time", .text("y"))]) == """
                {"time":"\(stamp)","level":"info","message":"m","_level":"x","_time":"y"}

                """)
    }

    @Test(arguments: ["x", "é", "😀"])
    func longTextsAreCut(character: String) {
        let cut = String(repeating: character, count: 4_096)
        for count in [4_097, 100_000] {
            let long = String(repeating: character, count: count)
            #expect(
                written(.text, "m", [.init("k", .text(long))])
                    == "\(stamp) info m k=\"\(cut)...\"\n")
        }
        #expect(written(.json, "m", [.init("k", .text(cut))]).contains("\"k\":\"\(cut)\""))
    }

    @Test func recordOfAHugeTextKeepsLittleOfIt() {
        let long = String(repeating: "😀", count: 1_000_000)
        let record = LogRecord(
            time: 0, level: .info, message: "m", fields: [.init("k", .text(long))])
        #expect(record.cost < 20_000)
    }

    @Test func lessImportantLinesAreNotMade() {
        final class Counter: LogDestination {
            func write(_ level: LogLevel, _ message: StaticString, _ fields: [LogField]) {
                #expect(level == .warning)
            }
        }
        func never() -> [LogField] {
            Issue.record("The fields of a line that is not written were made.")
            return []
        }
        let logger = Logger(level: .warning, destination: Counter())
        logger.log(.info, "no", never())
        logger.log(.warning, "yes")
    }

    private func written(
        _ format: LogFormat, _ message: StaticString, level: LogLevel = .info, _ fields: [LogField]
    ) -> String {
        var line: [UInt8] = []
        LogLine.append(
            LogRecord(time: newYear, level: level, message: message, fields: fields), format,
            to: &line)
        return String(decoding: line, as: UTF8.self)
    }
}
