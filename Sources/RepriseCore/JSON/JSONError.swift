/// Why a text is not a JSON document that the cache can read with certainty.
///
/// A text may have several faults; the one that stands first is thrown.
public enum JSONError: Error, Equatable, Sendable {
    /// The text breaks the grammar of RFC 8259, is not UTF-8, or holds a number whose exponent is
    /// beyond reckoning.
    case invalid
    /// Arrays and objects are nested more than ``JSONTokenizer/maximumDepth`` deep.
    case tooDeep
    /// A `\u` escape names half of a surrogate pair without the other half (RFC 8259 §8.2).
    case loneSurrogate
    /// An object has two members whose names are equal once their escapes are decoded.
    case duplicateName
}
