/// Escapes in strings: checking, finding and decoding them.
extension JSONScan {
    /// Tells whether a backslash and a letter are the canonical escape of some character.
    @inline(__always)
    static func isCanonicalEscape(_ letter: UInt8) -> Bool {
        // A bit for each of `\`, `b`, `f`, `n`, `r` and `t`, counted from `@` on.
        let letters: UInt64 = 0x0014_4044_1000_0000
        return letter == UInt8(ascii: "\"")
            || letter & 0xC0 == 0x40 && letters &>> UInt64(letter & 0x3F) & 1 == 1
    }

    /// Passes over an escape of the other kinds (RFC 8259 §7), `\/` and `\u0000`, and checks it.
    ///
    /// - Parameter backslash: The offset where the escape begins.
    /// - Returns: The offset after the escape, or after the pair of escapes that is one character.
    /// - Throws: ``JSONError/invalid`` or ``JSONError/loneSurrogate``.
    @inline(__always)
    static func endOfForeignEscape(
        _ bytes: Span<UInt8>, from backslash: Int
    ) throws(JSONError) -> Int {
        guard backslash + 1 < bytes.count else { throw .invalid }
        switch bytes[backslash + 1] {
        case UInt8(ascii: "/"):
            return backslash + 2
        case UInt8(ascii: "u"):
            guard let unit = codeUnit(bytes, at: backslash) else { throw .invalid }
            switch unit {
            case 0xD800..<0xDC00:
                guard let low = codeUnit(bytes, at: backslash + 6), 0xDC00..<0xE000 ~= low else {
                    throw .loneSurrogate
                }
                return backslash + 12
            case 0xDC00..<0xE000:
                throw .loneSurrogate
            default:
                return backslash + 6
            }
        default:
            throw .invalid
        }
    }

    /// Finds the first backslash in a range, its end when there is none.
    static func firstBackslash(_ bytes: Span<UInt8>, in range: Range<Int>) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var position = range.lowerBound
        while range.upperBound - position >= 8 {
            let word = UInt64(
                littleEndian: bytes.bytes.unsafeLoadUnaligned(
                    fromByteOffset: position, as: UInt64.self))
            let difference = word ^ 0x5C &* ones
            let zeros = (difference &- ones) & ~difference & (0x80 &* ones)
            if zeros != 0 {
                return position + zeros.trailingZeroBitCount >> 3
            }
            position += 8
        }
        while position < range.upperBound, bytes[position] != UInt8(ascii: "\\") {
            position += 1
        }
        return position
    }

    /// Decodes the escape at an offset of a string that has been checked.
    ///
    /// - Parameters:
    ///   - backslash: The offset where the escape begins; moved on to its end.
    ///   - end: The offset after the string's last byte.
    /// - Returns: The Unicode scalar value; nil, with the offset at `end`, when the escape is not
    ///   well formed all the same.
    @inline(__always)
    static func decodeEscape(
        _ bytes: Span<UInt8>, at backslash: inout Int, end: Int
    ) -> UInt32? {
        let start = backslash
        backslash = end
        guard end - start >= 2 else { return nil }
        let letter = bytes[start + 1]
        if letter == UInt8(ascii: "u") {
            guard let unit = codeUnit(bytes, at: start) else { return nil }
            guard 0xD800..<0xDC00 ~= unit else {
                backslash = start + 6
                return unit
            }
            guard let low = codeUnit(bytes, at: start + 6), 0xDC00..<0xE000 ~= low else {
                return nil
            }
            backslash = start + 12
            return 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
        }
        backslash = start + 2
        switch letter {
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0C
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        default: return UInt32(letter)
        }
    }

    /// Reads the UTF-16 code unit of an escape such as `\u00e9`.
    ///
    /// - Parameter backslash: The offset where the escape is looked for.
    /// - Returns: The code unit; nil when no whole escape of this kind stands there.
    @inline(__always)
    static func codeUnit(_ bytes: Span<UInt8>, at backslash: Int) -> UInt32? {
        guard bytes.count - backslash >= 6, bytes[backslash] == UInt8(ascii: "\\"),
            bytes[backslash + 1] == UInt8(ascii: "u")
        else { return nil }
        // All four digits at once, a byte each; no sum of two bytes reaches beyond its own byte, and
        // a top bit tells what is at least as great as a bound.
        let digits = UInt32(
            bigEndian: bytes.bytes.unsafeLoadUnaligned(
                fromByteOffset: backslash + 2, as: UInt32.self))
        let ones: UInt32 = 0x0101_0101
        let tops = 0x80 &* ones
        guard digits & tops == 0 else { return nil }
        let letters = digits | 0x20 &* ones
        let areDigits = (digits &+ 0x50 &* ones) & ~(digits &+ 0x46 &* ones)
        let areLetters = (letters &+ 0x1F &* ones) & ~(letters &+ 0x19 &* ones)
        guard (areDigits | areLetters) & tops == tops else { return nil }
        let values = (digits & (0x0F &* ones)) &+ 9 &* (digits >> 6 & ones)
        let pairs = (values | values >> 4) & 0x00FF_00FF
        return (pairs | pairs >> 8) & 0xFFFF
    }

    /// One to four bytes in a word, the first one lowest.
    struct ShortBytes {
        fileprivate(set) var bits: UInt32 = 0
        /// How many bytes are left.
        fileprivate(set) var count = 0

        /// Takes the first byte; there must be one left.
        @inline(__always)
        mutating func removeFirst() -> UInt8 {
            defer {
                bits >>= 8
                count -= 1
            }
            return UInt8(truncatingIfNeeded: bits)
        }
    }

    /// The UTF-8 form of a Unicode scalar value (RFC 3629 §3).
    @inline(__always)
    static func utf8(_ scalar: UInt32) -> ShortBytes {
        func continuation(_ shift: UInt32) -> UInt32 { 0x80 | scalar >> shift & 0x3F }
        switch scalar {
        case ..<0x80:
            return ShortBytes(bits: scalar, count: 1)
        case ..<0x800:
            return ShortBytes(bits: 0xC0 | scalar >> 6 | continuation(0) << 8, count: 2)
        case ..<0x10000:
            let tail = continuation(6) << 8 | continuation(0) << 16
            return ShortBytes(bits: 0xE0 | scalar >> 12 | tail, count: 3)
        default:
            let tail = continuation(12) << 8 | continuation(6) << 16 | continuation(0) << 24
            return ShortBytes(bits: 0xF0 | scalar >> 18 | tail, count: 4)
        }
    }

    /// The value of a hexadecimal digit of either case, nil for another byte.
    @inline(__always)
    static func hexDigit(_ byte: UInt8) -> UInt8? {
        if isDigit(byte) { return byte &- 0x30 }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? letter + 10 : nil
    }
}
