import RepriseCore
import Testing

/// Numbers as exact decimals.
struct CanonicalJSONNumberTests {
    @Test(arguments: [
        ("1", ["1", "1.0", "10e-1", "0.1e1", "1E0", "1e+0", "1e-0", "0.00001e5", "1.000"]),
        ("1e2", ["100", "1e2", "100.0", "1.00E+02", "0.1e3", "1000e-1"]),
        ("-15e-1", ["-1.5", "-15e-1", "-1.50", "-0.15e1", "-150E-2"]),
        ("0", ["0", "0.0", "0e0", "0e99999999999999999999999", "0.000E-5"]),
        ("-0", ["-0", "-0.0", "-0e7", "-0E-99999999999999999999999"]),
        ("9007199254740993", ["9007199254740993", "9007199254740993.0", "900719925474099.3e1"]),
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

    @Test func digitsOfAnyLengthAreKept() throws {
        let digits = String(repeating: "1234567890", count: 10_000)
        #expect(try CanonicalJSON.form(of: digits) == digits.dropLast() + "e1")
        #expect(
            try CanonicalJSON.form(of: "0." + String(repeating: "0", count: 100_000) + "1")
                == "1e-100001")
    }
}
