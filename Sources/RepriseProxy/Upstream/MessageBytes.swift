extension UInt8 {
    /// Whether the byte may stand in a request target: visible ASCII but `#` (RFC 9112 §3.2).
    ///
    /// Some of these stand in no URI (RFC 3986 §2), but browsers write them in queries, and no
    /// server takes one of them for the end of the target.
    var mayStandInTarget: Bool { 0x21...0x7E ~= self && self != UInt8(ascii: "#") }

    /// Whether the byte may stand in a method or a field name (`tchar`, RFC 9110 §5.6.2).
    var mayStandInToken: Bool {
        let half = self < 64 ? Self.lowTokenBytes : Self.highTokenBytes
        return self < 128 && half >> UInt64(self & 63) & 1 != 0
    }

    /// One bit for each of the bytes 0 to 63: `!#$%&'*+-.` and the digits.
    private static let lowTokenBytes: UInt64 = 0x03FF_6CFA_0000_0000
    /// One bit for each of the bytes 64 to 127: the letters and ``^_`|~``.
    private static let highTokenBytes: UInt64 = 0x57FF_FFFF_C7FF_FFFE

    /// Whether the byte may stand in a field value: no control character but the tab (RFC 9110
    /// §5.5).
    var mayStandInValue: Bool { self >= 0x20 && self != 0x7F || self == UInt8(ascii: "\t") }

    /// Whether the byte is optional white space (RFC 9110 §5.6.3).
    var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
}

extension Span<UInt8> {
    /// Whether each byte may stand in a field value.
    var isFieldValue: Bool {
        // No early end, so that many bytes are looked at at once.
        var isValue = true
        for index in indices { isValue = self[index].mayStandInValue && isValue }
        return isValue
    }
}
