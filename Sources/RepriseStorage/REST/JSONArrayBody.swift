internal import RepriseCore

/// A JSON array that grows element by element, for the body of a request.
struct JSONArrayBody {
    /// How many elements have begun.
    private(set) var count = 0
    /// What has been written, without the closing bracket.
    var json: [UInt8] = [UInt8(ascii: "[")]

    /// Begins the next element, which the caller then appends to ``json``.
    mutating func beginElement() {
        if count > 0 { json.append(UInt8(ascii: ",")) }
        count += 1
    }

    /// Appends UTF-8 as a JSON string.
    mutating func appendQuoted(_ text: [UInt8]) {
        JSONText.appendQuoted(text.span, to: &json)
    }

    /// The whole array.
    var bytes: [UInt8] { json + [UInt8(ascii: "]")] }
}
