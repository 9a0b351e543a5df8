import RepriseCore
import Testing

/// Numbers as exact decimals.
struct CanonicalJSONNumberTests {
    @Test(arguments: [
        ("1", ["1", "1.0", "10e-1", "0.1e1", "1E0", "1e+0", "1e-0", "0.00001e5", "1.000"]),
        ("100", ["100", "1e2", "100.0", "1.00E+02", "0.1e3", "1000e-1"]),
        ("-1.5", ["-1.5", "-15e-1", "-1.50", "-0.15e1", "-150E-2"]),
        ("0", ["0", "0.0", "0e0", "0e99999999999999999999999", "0.000E-5"]),
        ("-0", ["-0", "-0.0", "-0e7", "-0E-99999999999999999999999"]),
        ("9007199254740993", ["9007199254740993", "9007199254740993.0", "900719925474099.3e1"]),
        ("0.7", ["0.7", "0.70", "7e-1", "70E-2", "0.07e1", "0.000007e5"]),
        ("-0.0012", ["-0.0012", "-12e-4", "-0.12e-2", "-1.20e-3"]),
        ("12.0305", ["12.0305", "120305e-4", "12.03050", "0.120305e2"]),
        // The longest forms of each layout without an exponent, and the next one.
        ("100000000000000000000", ["100000000000000000000", "1e20", "10e19"]),
        ("1e21", ["1000000000000000000000", "1e21", "100000000000000000000e1"]),
        ("123456789012345678900", ["123456789012345678900", "1234567890123456789e2"]),
        ("123456789012345678901e1", ["1234567890123456789010", "1234567890123456789010.0"]),
        ("1234567890123456789012", ["1234567890123456789012", "1234567890123456789012.0"]),
        ("123456789012345678901.5", ["123456789012345678901.5", "1234567890123456789015e-1"]),
        ("12345678901234567890125e-1", ["1234567890123456789012.5", "123456789012345678901.25e1"]),
        ("0.000001", ["0.000001", "1e-6", "0.0000010", "0.00001e-1"]),
        ("1e-7", ["0.0000001", "1e-7", "0.00000010"]),
        ("0.00000123", ["0.00000123", "123e-8", "1.23e-6"]),
        ("123e-9", ["0.000000123", "123e-9", "1.23e-7"]),
        ("1e400", ["1e400", "10e399", "0.1E401", "1e+0000000000000000000000400"]),
        ("1e-400", ["1e-400", "10e-401", "0.1e-399"]),
        ("1e999999999999999999", ["1e999999999999999999", "1.0E+0999999999999999999"]),
        ("-1e-999999999999999999", ["-1e-999999999999999999"]),
        // Zeros move the exponent beyond what can be written in it.
        ("1e1000000000000000001", ["100e999999999999999999"]),
        ("1e-1000000000000000001", ["0.01e-999999999999999999"]),
    ])
    func spellingsOfOneNumberHaveOneForm(_ form: String, _ spellings: [String]) throws {
        for spelling in spellings {
            #expect(try CanonicalJSON.form(of: spelling) == form, "\(spelling)")
            #expect(try CanonicalJSON.form(of: "[\(spelling)]") == "[\(form)]", "\(spelling)")
            #expect(
                try CanonicalJSON.form(of: #"{"b":\#(spelling),"a": \#(spelling)}"#)
                    == #"{"a":\#(form),"b":\#(form)}"#, "\(spelling)")
        }
    }

    @Test(arguments: [
        ["0", "-0", "1", "-1", "10", "0.1", "1e-400", "1e400", "2e400"],
        ["9007199254740992", "9007199254740993", "9007199254740992.5"],
        ["0.1", "0.1000000000000000055511151231257827", "0.10000000000000001"],
        ["1", "1.0000000000000000000000000000000001", "0.9999999999999999999999999999999999"],
        ["12", "1.2", "120", "102", "1e2", "1e12", "1e-2"],
        ["18446744073709551615", "18446744073709551616", "-18446744073709551615"],
    ])
    func differentNumbersHaveDifferentForms(_ numbers: [String]) throws {
        let forms = try Set(numbers.map { try CanonicalJSON.form(of: $0) })
        #expect(forms.count == numbers.count)
    }

    @Test(arguments: [
        "1e1000000000000000000", "-5E-1000000000000000000", "1e99999999999999999999999",
    ])
    func exponentBeyondReckoningIsRejected(_ number: String) {
        #expect(throws: JSONError.invalid) { try CanonicalJSON.form(of: number) }
        #expect(throws: JSONError.invalid) { try CanonicalJSON.form(of: #"{"a":[\#(number)]}"#) }
    }

    @Test(arguments: [",", ", ", " ,", ",\n\t  ", " , "])
    func arrayOfNumbersMayHoldAnything(_ separator: String) throws {
        let others = [
            ("1.0", "1"), ("1e2", "100"), ("-0.50", "-0.5"), ("\"7\"", "\"7\""), ("null", "null"),
            ("[1.0, 2,3]", "[1,2,3]"), (#"{"b":1, "a":[-1,2.0]}"#, #"{"a":[-1,2],"b":1}"#),
            ("8", "8"),
        ]
        for (other, form) in others {
            for place in 0...4 {
                var elements = ["12", "-3.25", "0", "123456789012"]
                var forms = elements
                elements.insert(other, at: place)
                forms.insert(form, at: place)
                let document = "[\(elements.joined(separator: separator))]"
                let expected = "[\(forms.joined(separator: ","))]"
                #expect(try CanonicalJSON.form(of: document) == expected, "\(document)")
            }
        }
    }

    @Test(arguments: ["1,,2", "1,", "1, ", ",1", "1,2,-", "1,-,2", "1,02", "1,2.", "1,2e", "1,2 3"])
    func faultInAnArrayOfNumbersIsFound(_ elements: String) {
        for text in [
            "[\(elements)]", "[0,\(elements)]", "[0,1.5, 2,\(elements)]", "[0,\(elements)",
        ] {
            #expect(throws: JSONError.invalid, "\(text)") { try CanonicalJSON.form(of: text) }
        }
    }

    @Test func onlyDigitsPassForDigits() {
        let accepted = Set("0123456789.eE,".utf8)
        for digits in 1...9 {
            for byte in UInt8.min...UInt8.max {
                let number = Array("12345678912".utf8)
                let document =
                    Array("[".utf8) + number[..<digits] + [byte] + number[digits...]
                    + Array("]".utf8)
                let isAccepted = (try? CanonicalJSON.form(of: document)) != nil
                #expect(isAccepted == accepted.contains(byte), "\(byte) after \(digits) digits")
            }
        }
    }

    @Test func digitsOfAnyLengthAreKept() throws {
        let digits = String(repeating: "1234567890", count: 10_000)
        #expect(try CanonicalJSON.form(of: digits) == digits.dropLast() + "e1")
        #expect(try CanonicalJSON.form(of: "0.1" + digits + "1") == "0.1" + digits + "1")
        #expect(
            try CanonicalJSON.form(of: "0." + String(repeating: "0", count: 100_000) + "1")
                == "1e-100001")
    }

    @Test(arguments: [1, 2, 3, 50, 1000])
    func numbersThatBecomeLongerHaveRoom(count: Int) throws {
        let long = "1" + String(repeating: "0", count: 20)
        let document = "[" + Array(repeating: "1e20", count: count).joined(separator: ",") + "]"
        let form = "[" + Array(repeating: long, count: count).joined(separator: ",") + "]"
        #expect(try CanonicalJSON.form(of: document) == form)
        // Escapes and spaces that go leave as much room as they took.
        let mixed = #"{ "b" : 1e20 , "a" : "\u0041\u00e9\/", "c" : 0.10 }"#
        let members = Array(repeating: mixed, count: count).joined(separator: " , ")
        let member = #"{"a":"Aé/","b":\#(long),"c":0.1}"#
        let sorted = Array(repeating: member, count: count).joined(separator: ",")
        #expect(try CanonicalJSON.form(of: "[\(members)]") == "[\(sorted)]")
    }
}
