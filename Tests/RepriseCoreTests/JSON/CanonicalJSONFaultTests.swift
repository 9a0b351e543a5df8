import RepriseCore
import Testing

/// Documents that are cut, changed, nested deep or large.
struct CanonicalJSONFaultTests {
    static let documents = [
        #"{"model":"gpt-4o","messages":[{"role":"user","content":"Hi \"you\" \ud83d\uDE00"}]}"#,
        #" { "b" : [ 1.50 , -0 , 12e+3 , null ] , "a" : { "d" : true , "c" : false } } "#,
        #"["Grüße, 世界 😀","\u00e9\/\n",[[],{}],{"long name one":0,"long name On\u0065":100}]"#,
        #""\b\f\n\r\t\\\"\/ \u001f é""#,
        #"{"z":{"y":{"x":{"w":{"v":0,"u":0},"t":0},"s":0},"r":0},"q":[{"p":1,"o":2}]}"#,
        "true", "false", "null",
    ]

    @Test(arguments: documents)
    func everyTruncationIsRejected(_ document: String) throws {
        let bytes = Array(document.utf8)
        let end = try #require(bytes.lastIndex { $0 != 0x20 })
        for length in 0...end {
            #expect(throws: JSONError.self, "\(length) bytes") {
                try CanonicalJSON.form(of: Array(bytes[..<length]))
            }
        }
        #expect(throws: Never.self) { try CanonicalJSON.form(of: bytes) }
    }

    @Test(arguments: documents)
    func everyChangeOfOneByteIsRejectedOrHasAFormOfItsOwn(_ document: String) throws {
        var bytes = Array(document.utf8)
        for place in bytes.indices {
            let original = bytes[place]
            for byte in UInt8.min...UInt8.max {
                bytes[place] = byte
                guard let form = try? CanonicalJSON.form(of: bytes) else { continue }
                if try CanonicalJSON.form(of: form) != form {
                    Issue.record("not idempotent: byte \(byte) at \(place) of \(document)")
                }
            }
            bytes[place] = original
        }
    }

    @Test(arguments: documents)
    func everyRemovalAndDoublingOfAByteIsRejectedOrHasAFormOfItsOwn(_ document: String) throws {
        let bytes = Array(document.utf8)
        for place in bytes.indices {
            let without = Array(bytes[..<place] + bytes[(place + 1)...])
            let doubled = Array(bytes[...place] + bytes[place...])
            for changed in [without, doubled] {
                guard let form = try? CanonicalJSON.form(of: changed) else { continue }
                #expect(try CanonicalJSON.form(of: form) == form)
            }
        }
    }

    @Test func outputIsUnchangedWhenTheDocumentIsRejected() {
        var output = Array("before".utf8)
        #expect(throws: JSONError.duplicateName) {
            let document = Array(#"[1, 2.0, {"b":1,"a":1,"b":2}]"#.utf8)
            try CanonicalJSON.append(document.span, to: &output)
        }
        #expect(output == Array("before".utf8))
    }

    @Test func formIsAppended() throws {
        var output = Array("before".utf8)
        try CanonicalJSON.append(Array(" [ 1.0 ] ".utf8).span, to: &output)
        #expect(output == Array("before[1]".utf8))
    }

    @Test(arguments: [("[", "]"), (#"{"a":"#, "}"), (#"[{"b":1,"a":"#, "}]")])
    func nestingIsAcceptedTo128Levels(_ opening: String, _ closing: String) throws {
        let levels = opening.filter { $0 == "[" || $0 == "{" }.count
        func nested(_ count: Int) -> String {
            String(repeating: opening, count: count / levels) + "0"
                + String(repeating: closing, count: count / levels)
        }
        #expect(throws: Never.self) { try CanonicalJSON.form(of: nested(128)) }
        #expect(throws: JSONError.tooDeep) { try CanonicalJSON.form(of: "[" + nested(128) + "]") }
        #expect(throws: JSONError.tooDeep) { try CanonicalJSON.form(of: nested(1_000_000)) }
    }

    @Test func siblingsDoNotAddToTheDepth() throws {
        let document = "[" + String(repeating: "[{}],", count: 1000) + "[]]"
        #expect(try CanonicalJSON.form(of: document) == document)
    }

    @Test(arguments: [2, 16, 17, 100, 20_000])
    func anyNumberOfMembersIsSorted(_ count: Int) throws {
        func document(_ order: some Sequence<Int>) -> String {
            "{"
                + order.map { #""a common beginning \#(100_000 + $0)":"\#($0)""# }
                .joined(separator: ",") + "}"
        }
        let sorted = document(0..<count)
        #expect(try CanonicalJSON.form(of: document((0..<count).reversed())) == sorted)
        // 7919 is prime to every count here, so this visits each member once.
        let mixed = document((0..<count).map { $0 * 7919 % count })
        #expect(try CanonicalJSON.form(of: mixed) == sorted)
    }

    @Test(arguments: [3, 17, 100, 5000])
    func duplicateIsFoundWhereverItStands(_ count: Int) {
        for (first, second) in [(0, 1), (0, count - 1), (count / 2, count - 1)] {
            var names = (0..<count).reversed().map { "name \($0)" }
            names[second] = names[first]
            let document = "{" + names.map { #""\#($0)":0"# }.joined(separator: ",") + "}"
            #expect(throws: JSONError.duplicateName) { try CanonicalJSON.form(of: document) }
        }
    }

    @Test func oneNameMayStandInSeveralObjects() throws {
        let document = #"{"a":{"a":[{"a":1},{"a":2}],"b":{"a":3}},"b":{"b":4}}"#
        #expect(try CanonicalJSON.form(of: document) == document)
    }
}
