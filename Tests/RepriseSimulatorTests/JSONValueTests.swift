import Testing

@testable import RepriseSimulator

/// The documents of requests and answers.
struct JSONValueTests {
    private func parsed(_ text: String) -> JSONValue? {
        JSONValue(parsing: Array(text.utf8).span)
    }

    @Test(arguments: [
        ("null", "null"), (" [ ] ", "[]"), ("{ }", "{}"), ("true", "true"), ("-0.5", "-0.5"),
        ("1.0", "1"), ("1e3", "1000"), ("12345678901234567890", "1.2345678901234567e+19"),
        (#"{"b":1,"a":[{"c":null},"d"],"e":{}}"#, #"{"b":1,"a":[{"c":null},"d"],"e":{}}"#),
        (#""\u00e9\ud83d\ude00\n\u0001\/""#, "\"é😀\\n\\u0001/\""),
    ])
    func documentIsReadAndWritten(_ text: String, _ written: String) {
        #expect(parsed(text)?.text == written)
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\"}", "nul", "1 2", "\"\u{1}\"", "1e999",
        String(repeating: "[", count: 100_000),
    ])
    func whatIsNoDocumentIsNil(_ text: String) {
        #expect(parsed(text)?.text == nil)
    }

    @Test func membersAreFoundByName() {
        let document = parsed(#"{"a":{"b":[1,true,"x"]},"stream":true}"#)
        #expect(document?["a"]?["b"]?.elements?.first?.integerValue == 1)
        #expect(document?["a"]?["b"]?.elements?.last?.stringValue == "x")
        #expect(document?["stream"]?.isTrue == true)
        #expect(document?["c"]?.text == nil)
    }
}
