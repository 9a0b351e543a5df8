extension UInt8 {
    /// Whether the byte may stand in a request target: visible ASCII but `#` (RFC 9112 §3.2).
    ///
    /// Some of these stand in no URI (RFC 3986 §2), but browsers write them in queries, and no
    /// server takes one of them for the end of the target.
    var mayStandInTarget: Bool { 0x21...0x7E ~= self && self != UInt8(ascii: "#") }

    /// Whether the byte may stand in a method or a field name (`tchar`, RFC 9110 §5.6.2).
    var mayStandInToken: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "!"), UInt8(ascii: "#")...UInt8(ascii: "'"), UInt8(ascii: "*"),
            UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "^")...UInt8(ascii: "`"),
            UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// Whether the byte may stand in a field value: no control character but the tab (RFC 9110
    /// §5.5).
    var mayStandInValue: Bool { self >= 0x20 && self != 0x7F || self == UInt8(ascii: "\t") }

    /// Whether the byte is optional white space (RFC 9110 §5.6.3).
    var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
}
