import RepriseCore
import Testing

/// The pull reader on its own; what it accepts is tested through ``CanonicalJSON``.
struct JSONTokenizerTests {
    @Test func tokensComeInOrderWithTheirPlaces() throws {
        let text = Array(#" {"a" : [1, "b\n", true], "c":{ }, "d":null}"#.utf8)
        #expect(
            try Self.tokens(text) == [
                .beginObject, .name(3..<4), .beginArray, .number(9..<10), .string(13..<16),
                .bool(true), .endArray, .name(27..<28), .beginObject, .endObject, .name(36..<37),
                .null, .endObject,
            ])
    }

    @Test(arguments: ["1", "\"\"", "[]", "{}", " true "])
    func nothingFollowsTheDocument(_ text: String) throws {
        let bytes = Array(text.utf8)
        var tokenizer = JSONTokenizer()
        while try tokenizer.next(bytes.span) != nil {}
        #expect(try tokenizer.next(bytes.span) == nil)
        #expect(tokenizer.offset == bytes.count)
    }

    @Test func duplicateNamesAreNotItsBusiness() throws {
        #expect(try Self.tokens(Array(#"{"a":1,"a":2}"#.utf8)).count == 6)
    }

    @Test(arguments: [
        ("[1,]", JSONError.invalid), ("[\"\\ud800\"]", .loneSurrogate),
        (String(repeating: "[", count: 129), .tooDeep), ("", .invalid), ("{} {}", .invalid),
    ])
    func errorIsThrownAgain(_ text: String, _ error: JSONError) {
        let bytes = Array(text.utf8)
        var tokenizer = JSONTokenizer()
        func readToEnd() throws(JSONError) {
            while try tokenizer.next(bytes.span) != nil {}
        }
        #expect(throws: error) { try readToEnd() }
        #expect(throws: error) { try readToEnd() }
    }

    @Test func valueInsideALargerTextIsRead() throws {
        let text = Array(#"data: {"a":[1]}]]]"#.utf8)
        #expect(
            try Self.tokens(text, startingAt: 6, endingAt: 15) == [
                .beginObject, .name(8..<9), .beginArray, .number(12..<13), .endArray, .endObject,
            ])
        #expect(throws: JSONError.invalid) {
            try Self.tokens(text, startingAt: 6, endingAt: 14)
        }
        #expect(throws: JSONError.invalid) {
            try Self.tokens(text, startingAt: 6, endingAt: nil)
        }
        #expect(throws: JSONError.invalid) {
            try Self.tokens(text, startingAt: 6, endingAt: 6)
        }
    }

    @Test func endBeyondTheBytesIsTheirEnd() throws {
        let text = Array("[12]".utf8)
        #expect(try Self.tokens(text, endingAt: 99).count == 3)
    }

    @Test func skippingEndsWithTheValue() throws {
        let bytes = Array(#"{"a":{"x":[[],{"y":1}]},"b":[[1],2],"c":"s","d":0}"#.utf8)
        var tokenizer = JSONTokenizer()
        var names = 0
        #expect(try tokenizer.next(bytes.span) == .beginObject)
        while let token = try tokenizer.next(bytes.span), token != .endObject {
            names += 1
            try tokenizer.skipValue(bytes.span, after: token)
        }
        #expect(names == 4)
        #expect(try tokenizer.next(bytes.span) == nil)
    }

    @Test func skippingAContainerEndsAtItsBracket() throws {
        let bytes = Array("[[[1],{}],2]".utf8)
        var tokenizer = JSONTokenizer()
        #expect(try tokenizer.next(bytes.span) == .beginArray)
        let inner = try #require(try tokenizer.next(bytes.span))
        try tokenizer.skipValue(bytes.span, after: inner)
        #expect(tokenizer.offset == 9)
        #expect(try tokenizer.next(bytes.span) == .number(10..<11))
        try tokenizer.skipValue(bytes.span, after: .number(10..<11))
        #expect(try tokenizer.next(bytes.span) == .endArray)
    }

    @Test(arguments: [
        (#"{"a":[1,}"#, JSONError.invalid), (#"{"a":["\udc00"]}"#, .loneSurrogate),
        (#"{"a":[[1"#, .invalid), (#"{"a":"#, .invalid),
    ])
    func whatIsSkippedIsChecked(_ text: String, _ error: JSONError) throws {
        let bytes = Array(text.utf8)
        var tokenizer = JSONTokenizer()
        #expect(try tokenizer.next(bytes.span) == .beginObject)
        let name = try #require(try tokenizer.next(bytes.span))
        #expect(throws: error) {
            try tokenizer.skipValue(bytes.span, after: name)
        }
    }

    private static func tokens(
        _ bytes: [UInt8], startingAt start: Int = 0, endingAt end: Int? = nil
    ) throws(JSONError) -> [JSONToken] {
        var tokenizer = JSONTokenizer(startingAt: start, endingAt: end)
        var tokens: [JSONToken] = []
        while let token = try tokenizer.next(bytes.span) {
            tokens.append(token)
        }
        return tokens
    }
}
