/// The canonical form of JSON documents: equal for two documents if and only if they say the same.
///
/// - Members stand in the order of their names' decoded UTF-8 bytes; elements keep their order.
/// - White space between tokens is gone.
/// - Strings are raw UTF-8. Only `"`, `\` and control characters are escaped, in the spelling of
///   RFC 8785 §3.2.2.2 (`\n`, `\u001f`). Unicode is not normalised.
/// - Numbers are exact decimals, written as ECMAScript's `Number::toString` lays them out, with all
///   their digits: `1.0`, `1` and `10e-1` are `1`; `1E2` is `100`, `70e-2` is `0.7`, `0.0000001` is
///   `1e-7`; see ``JSONDecimal``. `-0.0` is `-0`, which is not `0`.
/// - `null` stays.
///
/// The canonical form is itself a JSON document that says the same, and its own canonical form.
public enum CanonicalJSON {
    /// The length in bytes from which documents are refused; offsets are kept in 32 bits.
    public static let maximumLength = 1 << 30

    /// Appends the canonical form of a whole document.
    ///
    /// The time grows with n log n where n is the length, whatever the document says: sorting takes
    /// no more comparisons, and each byte is moved once, however deep it is nested.
    ///
    /// - Parameters:
    ///   - document: The bytes of the document.
    ///   - output: What the canonical form is appended to; unchanged when an error is thrown.
    /// - Throws: ``JSONError``; also ``JSONError/invalid`` for ``maximumLength`` bytes or more, of
    ///   numbers that are written anew too, and for a number whose exponent has more than 18 digits,
    ///   valid as these may be: no certain form can be given.
    public static func append(
        _ document: Span<UInt8>, to output: inout [UInt8]
    ) throws(JSONError) {
        guard document.count < maximumLength else { throw .invalid }
        var reader = CanonicalReader(documentLength: document.count)
        try reader.read(document)
        reader.append(document, to: &output)
    }
}
