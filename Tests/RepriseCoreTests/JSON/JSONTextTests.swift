import RepriseCore
import Testing

/// The meaning of single strings and numbers.
struct JSONTextTests {
    @Test(arguments: [
        ("stream", true), (#"str\u0065am"#, true), (#"\u0073\u0074\u0072\u0065\u0061\u006D"#, true),
        ("strea", false), ("streams", false), ("", false), ("Stream", false),
        (#"stream\u0000"#, false), (#"str\neam"#, false),
    ])
    func literalIsComparedWithTheDecodedText(_ text: String, _ isEqual: Bool) {
        let bytes = Array(text.utf8)
        #expect(JSONText.equals(bytes.span, 0..<bytes.count, "stream") == isEqual)
    }

    @Test(arguments: [
        ("web_search", true), ("web_search_preview", true), (#"web\u005fsearch"#, true),
        (#"w\u0065b_search\u00e9"#, true), ("web_searc", false), ("", false),
        ("xweb_search", false),
    ])
    func prefixIsComparedWithTheDecodedText(_ text: String, _ hasPrefix: Bool) {
        let bytes = Array(text.utf8)
        #expect(JSONText.hasPrefix(bytes.span, 0..<bytes.count, "web_search") == hasPrefix)
    }

    @Test func emptyLiteralIsEveryPrefixAndOnlyTheEmptyText() {
        let bytes = Array("ab".utf8)
        #expect(JSONText.hasPrefix(bytes.span, 0..<2, "") == true)
        #expect(JSONText.equals(bytes.span, 1..<1, "") == true)
        #expect(JSONText.equals(bytes.span, 0..<1, "") == false)
    }

    @Test func rangeBoundsTheText() {
        let bytes = Array(#"{"a\u0062c":1}"#.utf8)
        #expect(JSONText.equals(bytes.span, 2..<10, "abc") == true)
        #expect(JSONText.decoded(bytes.span, 2..<10) == Array("abc".utf8))
        #expect(JSONText.decoded(bytes.span, 2..<2).isEmpty)
    }

    @Test(arguments: [
        (#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{08}\u{0C}\n\r\t"), (#"\u00E9\u4e2d"#, "é中"),
        (#"\ud83d\ude00\udbff\udfff"#, "\u{1F600}\u{10FFFF}"), ("é中😀", "é中😀"),
        (
            #"a long run before \u0000 and a long run after it"#,
            "a long run before \0 and a long run after it"
        ),
        (#"\u007f\u0080\u07ff\u0800\uffff"#, "\u{7F}\u{80}\u{7FF}\u{800}\u{FFFF}"),
    ])
    func escapesAreDecoded(_ text: String, _ decoded: String) {
        let bytes = Array(text.utf8)
        #expect(JSONText.decoded(bytes.span, 0..<bytes.count) == Array(decoded.utf8))
    }

    @Test func onlyHexadecimalDigitsPassForThem() throws {
        for place in 0..<4 {
            for byte in UInt8.min...UInt8.max {
                var digits = Array("1a2B".utf8)
                digits[place] = byte
                let document = Array(#""\u"#.utf8) + digits + Array(#"""#.utf8)
                let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
                guard let code, byte != UInt8(ascii: "+"), byte != UInt8(ascii: "-"),
                    let scalar = Unicode.Scalar(code)
                else {
                    #expect(throws: JSONError.self) { try CanonicalJSON.form(of: document) }
                    continue
                }
                let form = Array("\"\(Character(scalar))\"".utf8)
                #expect(try CanonicalJSON.form(of: document) == form)
            }
        }
    }

    @Test func scalarsOfThreeBytesAreCheckedWhereverTheyStand() throws {
        let text = Array("\"一丁丂七丄丅丆万丈三上下\"".utf8)
        for place in 1..<text.count - 1 {
            for byte in UInt8.min...UInt8.max where byte != text[place] {
                var document = text
                document[place] = byte
                // String's own check of UTF-8; a quote or a control character is no text here.
                let isText =
                    String(validating: document, as: UTF8.self) != nil && byte >= 0x80
                let form = try? CanonicalJSON.form(of: document)
                #expect(form == (isText ? document : nil), "\(byte) at \(place)")
            }
        }
    }

    @Test(arguments: [
        ("", #""""#), ("a\"b\\c/", #""a\"b\\c/""#), ("\u{08}\t\n\u{0C}\r", #""\b\t\n\f\r""#),
        ("\0\u{01}\u{0B}\u{1F}\u{7F}", "\"\\u0000\\u0001\\u000b\\u001f\u{7F}\""),
        ("é中😀e\u{301}", "\"é中😀e\u{301}\""),
    ])
    func quotedTextIsCanonical(_ text: String, _ quoted: String) throws {
        var output = Array("x".utf8)
        JSONText.appendQuoted(Array(text.utf8).span, to: &output)
        #expect(output == Array("x".utf8) + Array(quoted.utf8))
        let string = Array(output.dropFirst())
        #expect(try CanonicalJSON.form(of: string) == string)
        #expect(JSONText.decoded(string.span, 1..<string.count - 1) == Array(text.utf8))
    }

    @Test(
        arguments: [
            ("0", 0), ("-0", 0), ("0.000e999999999999999999999", 0), ("1", 1), ("-1.0", -1),
            ("1000", 1000), ("1e3", 1000), ("1000.0", 1000), ("0.001e6", 1000), ("15e-1", nil),
            ("1.5e1", 15), ("0.5", nil), ("1e-1", nil), ("1e-999999999999999999999", nil),
            ("9223372036854775807", Int64.max), ("9223372036854775808", nil),
            ("-9223372036854775808", Int64.min), ("-9223372036854775809", nil),
            ("-922337203685477580.8e1", Int64.min), ("9007199254740993", 9_007_199_254_740_993),
            ("1e18", 1_000_000_000_000_000_000), ("1e19", nil), ("1e999999999", nil),
            ("1e99999999999999999999", nil), ("100000000000000000000e-20", 1),
        ] as [(String, Int64?)])
    func integerIsExact(_ text: String, _ value: Int64?) {
        let bytes = Array("[\(text)]".utf8)
        #expect(JSONText.integer(bytes.span, 1..<bytes.count - 1) == value)
    }
}
