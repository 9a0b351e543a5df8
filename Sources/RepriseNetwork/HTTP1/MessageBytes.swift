#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension UInt8 {
    /// Whether the byte may stand in a method or a field name (`tchar`, RFC 9110 §5.6.2).
    var mayStandInToken: Bool {
        let half = self < 64 ? Self.lowTokenBytes : Self.highTokenBytes
        return self < 128 && half >> UInt64(self & 63) & 1 != 0
    }

    /// One bit for each of the bytes 0 to 63: `!#$%&'*+-.` and the digits.
    private static let lowTokenBytes: UInt64 = 0x03FF_6CFA_0000_0000
    /// One bit for each of the bytes 64 to 127: the letters and ``^_`|~``.
    private static let highTokenBytes: UInt64 = 0x57FF_FFFF_C7FF_FFFE

    /// Whether the byte may stand in a request target: visible ASCII but `#` (RFC 9112 §3.2).
    ///
    /// Some of these stand in no URI (RFC 3986 §2), but browsers write them in queries, and no
    /// server takes one of them for the end of the target.
    var mayStandInTarget: Bool { self > 0x20 && self < 0x7F && self != UInt8(ascii: "#") }

    /// Whether the byte may stand in a field value: no control character but the tab (RFC 9110
    /// §5.5).
    var mayStandInValue: Bool { self >= 0x20 && self != 0x7F || self == UInt8(ascii: "\t") }

    /// Whether the byte may stand in a host with a port (RFC 3986 §3.2.2), percent-encoding and
    /// brackets included.
    var mayStandInHost: Bool {
        switch self {
        case UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: ":"), UInt8(ascii: "("),
            UInt8(ascii: ")"), UInt8(ascii: ";"), UInt8(ascii: "="):
            true
        default:
            mayStandInToken && self != UInt8(ascii: "^") && self != UInt8(ascii: "`")
                && self != UInt8(ascii: "|") && self != UInt8(ascii: "#")
        }
    }

    /// Whether the byte is optional white space (RFC 9110 §5.6.3).
    var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }

    /// Whether the byte is an ASCII digit.
    var isDigit: Bool { self &- UInt8(ascii: "0") < 10 }

    /// The byte in lower case, when it is an ASCII letter.
    var lowercased: UInt8 { self &- UInt8(ascii: "A") < 26 ? self | 0x20 : self }

    /// The value of a hexadecimal digit, nil for any other byte.
    var hexadecimalValue: Int64? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int64(self - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int64(self - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int64(self - UInt8(ascii: "A")) + 10
        default: nil
        }
    }
}

extension Span<UInt8> {
    /// Whether each byte may stand in a field value.
    var isFieldValue: Bool {
        // No early end, so that many bytes are looked at at once.
        var isValue = true
        for index in indices { isValue = self[index].mayStandInValue && isValue }
        return isValue
    }

    /// Whether it is a token (RFC 9110 §5.6.2).
    var isToken: Bool {
        for index in indices where !self[index].mayStandInToken { return false }
        return !isEmpty
    }

    /// The index of the first of some bytes at or behind a position.
    ///
    /// - Parameter position: At most ``count``.
    func firstIndex(of byte: UInt8, from position: Int) -> Int? {
        extracting(position..<count).withUnsafeBytes { rest -> Int? in
            guard let start = rest.baseAddress, !rest.isEmpty,
                let found = memchr(start, Int32(byte), rest.count)
            else { return nil }
            return position + (UnsafeRawPointer(found) - start)
        }
    }

    /// A part without the blanks at its ends.
    func trimmingBlanks(_ part: Range<Int>) -> Range<Int> {
        var start = part.lowerBound
        var end = part.upperBound
        while start < end, self[start].isBlank { start += 1 }
        while end > start, self[end - 1].isBlank { end -= 1 }
        return start..<end
    }

    /// Calls `body` with each member of a list (RFC 9110 §5.6.1), trimmed; with empty ones as well.
    func forEachMember(_ body: (Span<UInt8>) -> Void) {
        var start = 0
        while start <= count {
            let end = firstIndex(of: UInt8(ascii: ","), from: start) ?? count
            body(extracting(trimmingBlanks(start..<end)))
            start = end + 1
        }
    }

    /// Whether the bytes are a word, without regard to the case of ASCII letters.
    ///
    /// - Parameter word: In lower case.
    func equalsIgnoringCase(_ word: StaticString) -> Bool {
        guard count == word.utf8CodeUnitCount else { return false }
        for index in indices where self[index].lowercased != word.utf8Start[index] { return false }
        return true
    }

    /// Whether the bytes are a word.
    func equals(_ word: StaticString) -> Bool {
        guard count == word.utf8CodeUnitCount else { return false }
        for index in indices where self[index] != word.utf8Start[index] { return false }
        return true
    }

    /// The bytes in memory of their own.
    var copied: [UInt8] { withUnsafeBufferPointer { Array($0) } }
}

extension [UInt8] {
    /// Adds a copy of bytes.
    mutating func append(copying bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { append(contentsOf: $0) }
    }

    /// Adds a word.
    mutating func append(_ word: StaticString) {
        append(
            contentsOf: UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
    }
}
