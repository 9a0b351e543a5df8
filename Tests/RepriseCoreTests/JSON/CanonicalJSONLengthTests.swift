import RepriseCore
import Testing

/// Names and strings of every length that reading and copying in blocks could get wrong.
struct CanonicalJSONLengthTests {
    @Test(arguments: 0...70)
    func stringOfAnyLengthIsReadToItsQuote(_ length: Int) throws {
        let text = String(repeating: "x", count: length)
        for last in ["", "é", "世界", "😀", #"\""#, #"\n"#, "~", "\u{7F}"] {
            let sorted = #"{"a":"\#(text)\#(last)","b":"\#(last)\#(text)"}"#
            let document = #"{"b":"\#(last)\#(text)" , "a":"\#(text)\#(last)"}"#
            #expect(try CanonicalJSON.form(of: sorted) == sorted)
            #expect(try CanonicalJSON.form(of: document) == sorted)
        }
    }

    @Test(arguments: 0...70)
    func stringOfAnyLengthIsRejectedForItsLastByte(_ length: Int) {
        let text = Array(String(repeating: "x", count: length).utf8)
        for last: [UInt8] in [[0x00], [0x1F], [0x80], [0xC3], [0xFF], [0x5C], [0x5C, 0x78], []] {
            for end in ["", "\"", "\":0}"] where !(last.isEmpty && end != "") {
                for start in ["\"", "{\"", "{\"z\":0,\""] {
                    let document = Array(start.utf8) + text + last + Array(end.utf8)
                    #expect(throws: JSONError.invalid) { try CanonicalJSON.form(of: document) }
                }
            }
        }
    }

    @Test(arguments: 0...40)
    func namesThatDifferInOneByteAreSortedByIt(_ length: Int) throws {
        let common = String(repeating: "n", count: length)
        // The quote ends a shorter name, whatever the longer one has there.
        let names = ["", "!", "!!", "A", "a", "aa", "~", "\u{7F}", "é"].map { common + $0 }
        let members = names.enumerated().map { #""\#($1)":\#($0)"# }
        let sorted = "{" + members.joined(separator: ",") + "}"
        for shift in names.indices {
            let order = members[shift...] + members[..<shift]
            for members in [Array(order), order.reversed()] {
                let document = "{" + members.joined(separator: ",") + "}"
                #expect(try CanonicalJSON.form(of: document) == sorted)
            }
        }
    }

    @Test(arguments: 0...40)
    func duplicateOfAnyLengthIsFound(_ length: Int) {
        let name = String(repeating: "n", count: length)
        for between in ["", #""!":0,"#, #""~":0,"#, #""\#(name)!":0,"#] {
            for spelling in [name, name.replacing("n", with: #"\u006e"#)] {
                #expect(throws: JSONError.duplicateName) {
                    try CanonicalJSON.form(of: #"{"\#(name)":0,\#(between)"\#(spelling)":1}"#)
                }
            }
        }
    }

    @Test(arguments: CanonicalJSONFaultTests.documents)
    func bytesBehindADocumentAreNotRead(_ document: String) {
        let bytes = Array(document.utf8)
        for end in bytes.indices {
            let alone = Result { () throws(JSONError) in
                try CanonicalJSON.form(of: Array(bytes[..<end]))
            }
            for behind in [#"":1}]}"#, #""""#, "\u{0}", " ", "0", "}]"] {
                let longer = bytes[..<end] + behind.utf8 + Array(repeating: 0x22, count: 64)
                let part = Result { () throws(JSONError) in
                    var output: [UInt8] = []
                    try CanonicalJSON.append(
                        Array(longer).span.extracting(0..<end), to: &output)
                    return output
                }
                #expect(part == alone, "\(end) bytes")
            }
        }
    }

    @Test(arguments: [1, 2, 15, 16, 17, 40])
    func membersAroundOtherObjectsAreSorted(_ count: Int) throws {
        func object(_ names: [Int], _ value: (Int) -> String) -> String {
            "{" + names.map { #""member \#(100 + $0)":\#(value($0))"# }.joined(separator: ",") + "}"
        }
        let names = Array(0..<count)
        let sorted = object(names) { name in object(names) { "[{},\(name + $0)]" } }
        let reversed = Array(names.reversed())
        let disorders = [(names, reversed), (reversed, names), (reversed, reversed)]
        for (outer, inner) in disorders {
            let document = object(outer) { name in object(inner) { "[{},\(name + $0)]" } }
            #expect(try CanonicalJSON.form(of: document) == sorted)
        }
    }
}
