/// The lexical rules of RFC 8259: where a string or a number ends, and whether it is well formed.
///
/// The functions that find an end also tell how the text is spelt, so that ``CanonicalJSON`` can copy
/// it as it stands when it is canonical already.
enum JSONScan {
    /// How a name, a string or a number is written.
    enum Spelling {
        /// Without an escape, and as the canonical form has it.
        case plain
        /// With escapes, all of them as the canonical form has them.
        case escaped
        /// In another way than the canonical form has it.
        case foreign
    }

    /// Tells whether a byte is white space (RFC 8259 §2).
    @inline(__always)
    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    /// Passes over white space.
    ///
    /// - Returns: The offset of the first other byte from `start` on, or the number of bytes.
    @inline(__always)
    static func endOfSpace(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var position = start
        // One comparison tells most other bytes.
        while position < bytes.count, bytes[unchecked: position] <= 0x20,
            isSpace(bytes[unchecked: position])
        {
            position &+= 1
        }
        return position
    }

    /// Passes over `true`, `false` or `null`, whichever a first letter begins.
    ///
    /// - Parameter start: The offset of a `t`, `f` or `n`.
    /// - Returns: The offset after the last letter.
    /// - Throws: ``JSONError/invalid`` when another word stands there.
    static func endOfLiteral(_ bytes: Span<UInt8>, from start: Int) throws(JSONError) -> Int {
        let isFalse = bytes[start] == UInt8(ascii: "f")
        // Four letters in a word, the first one most significant: all of `true` and `null`, and those
        // of `false` behind the first.
        let letters = isFalse ? start + 1 : start
        guard bytes.count - letters >= 4 else { throw .invalid }
        let word = UInt32(
            bigEndian: bytes.bytes.unsafeLoadUnaligned(fromByteOffset: letters, as: UInt32.self))
        guard isFalse ? word == 0x616C_7365 : word == 0x7472_7565 || word == 0x6E75_6C6C else {
            throw .invalid
        }
        return letters + 4
    }

    /// Tells whether a byte is one of `0` to `9`.
    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10
    }

    /// Finds the end of a number (RFC 8259 §6).
    ///
    /// - Parameters:
    ///   - start: The offset of the first byte.
    ///   - spelling: Set to plain for a number without exponent that stands as ``JSONDecimal`` would
    ///     write it, else to foreign.
    /// - Returns: The offset after the last byte that belongs to the number.
    /// - Throws: ``JSONError/invalid`` when no number begins at `start`.
    @inline(__always)
    static func endOfNumber(
        _ bytes: Span<UInt8>, from start: Int, spelling: inout Spelling
    ) throws(JSONError) -> Int {
        var position = start
        if position < bytes.count, bytes[position] == UInt8(ascii: "-") {
            position += 1
        }
        let integer = position
        position = try endOfDigits(bytes, from: integer)
        let point = position
        let startsWithZero = bytes[integer] == UInt8(ascii: "0")
        guard !startsWithZero || point == integer + 1 else { throw .invalid }
        let isShort = point - integer <= JSONDecimal.mostIntegerDigits
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position = try endOfDigits(bytes, from: point + 1)
            // In `0.` with zeros the first other digit must stand near enough to the point.
            let reach = min(position, point + 2 + JSONDecimal.mostLeadingZeros)
            var first = point + 1
            while startsWithZero, first < reach, bytes[first] == UInt8(ascii: "0") {
                first += 1
            }
            let endsWithZero = bytes[position - 1] == UInt8(ascii: "0")
            spelling = isShort && first < reach && !endsWithZero ? .plain : .foreign
        } else {
            spelling = isShort || bytes[point - 1] != UInt8(ascii: "0") ? .plain : .foreign
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            spelling = .foreign
            position += 1
            if position < bytes.count,
                bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-")
            {
                position += 1
            }
            position = try endOfDigits(bytes, from: position)
        }
        return position
    }

    @inline(__always)
    private static func endOfDigits(
        _ bytes: Span<UInt8>, from start: Int
    ) throws(JSONError) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var position = start
        while bytes.count - position >= 8 {
            let word = UInt64(
                littleEndian: bytes.bytes.unsafeLoadUnaligned(
                    fromByteOffset: position, as: UInt64.self))
            // Digits become 0 to 9; a byte's top bit ends up set where it is more than that.
            let values = word ^ 0x30 &* ones
            let sums = (values & (0x7F &* ones)) &+ (0x76 &* ones)
            let stops = (values | sums) & (0x80 &* ones)
            if stops != 0 {
                position += stops.trailingZeroBitCount >> 3
                guard position > start else { throw .invalid }
                return position
            }
            position += 8
        }
        while position < bytes.count, isDigit(bytes[position]) {
            position += 1
        }
        guard position > start else { throw .invalid }
        return position
    }

    /// Finds the quote that ends a string (RFC 8259 §7) and checks all that stands before it.
    ///
    /// - Parameters:
    ///   - start: The offset after the opening quote.
    ///   - spelling: Set to how the string is written.
    /// - Returns: The offset of the closing quote.
    /// - Throws: ``JSONError/invalid`` for a control character, an unknown escape, bytes that are
    ///   not UTF-8 or a missing quote; ``JSONError/loneSurrogate``.
    static func endOfString(
        _ bytes: Span<UInt8>, from start: Int, spelling: inout Spelling
    ) throws(JSONError) -> Int {
        var spelt = Spelling.plain
        var position = endOfPlainRun(bytes, from: start)
        while position < bytes.count {
            switch bytes[unchecked: position] {
            case UInt8(ascii: "\""):
                spelling = spelt
                return position
            case UInt8(ascii: "\\"):
                if position &+ 1 < bytes.count, isCanonicalEscape(bytes[unchecked: position &+ 1]) {
                    if spelt == .plain { spelt = .escaped }
                    position &+= 2
                } else {
                    position = try endOfForeignEscape(bytes, from: position)
                    spelt = .foreign
                }
            case 0x80...:
                repeat {
                    position = try endOfScalar(bytes, from: position)
                    position = endOfCommonPairs(bytes, from: position)
                } while position < bytes.count && bytes[position] >= 0x80
            default:
                throw .invalid
            }
            position = endOfPlainRun(bytes, from: position)
        }
        throw .invalid
    }

    /// Passes over the bytes that stand for themselves: ASCII from 0x20 but the quote and `\`.
    @inline(__always)
    private static func endOfPlainRun(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var position = start
        while position &+ PlainBlock.length <= bytes.count {
            let block = PlainBlock(bytes, at: position)
            if !block.isPlain { return position &+ block.end }
            position &+= PlainBlock.length
        }
        while position < bytes.count, isPlain(bytes[unchecked: position]) {
            position &+= 1
        }
        return position
    }

    @inline(__always)
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x80 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    /// Passes over pairs of scalar values of three bytes each, most of Chinese, Japanese and Korean.
    ///
    /// Those that begin with 0xE0 or 0xED, whose second byte has other bounds, end the run.
    @inline(__always)
    private static func endOfCommonPairs(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var position = start
        while bytes.count - position >= 8 {
            let word = UInt64(
                bigEndian: bytes.bytes.unsafeLoadUnaligned(
                    fromByteOffset: position, as: UInt64.self))
            let first = word >> 56
            let second = word >> 32 & 0xFF
            guard word & 0xF0C0_C0F0_C0C0_0000 == 0xE080_80E0_8080_0000,
                first != 0xE0, first != 0xED, second != 0xE0, second != 0xED
            else { break }
            position += 6
        }
        return position
    }

    /// Passes over one scalar value of two to four bytes (RFC 3629 §4).
    ///
    /// Overlong forms, surrogates and values above U+10FFFF are shut out by the bounds of the second
    /// byte.
    @inline(__always)
    static func endOfScalar(
        _ bytes: Span<UInt8>, from start: Int
    ) throws(JSONError) -> Int {
        let lead = bytes[start]
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: length = 4
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: throw .invalid
        }
        guard bytes.count - start >= length, second.contains(bytes[start + 1]) else {
            throw .invalid
        }
        if length > 2, bytes[start + 2] & 0xC0 != 0x80 { throw .invalid }
        if length > 3, bytes[start + 3] & 0xC0 != 0x80 { throw .invalid }
        return start + length
    }
}
