/// The pieces of header field values that the core's rules are written in (RFC 9110 §5.5, §5.6).
enum FieldValue {
    /// Splits a field value at a separator that stands outside of quoted strings (RFC 9110 §5.6.4).
    ///
    /// - Parameters:
    ///   - value: A field value.
    ///   - separator: The ASCII separator, such as `,` or `;`.
    /// - Returns: The pieces without surrounding white space, empty ones included.
    static func split(_ value: [UInt8], at separator: UInt8) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var piece: [UInt8] = []
        var isQuoted = false
        var isEscaped = false
        for byte in value {
            if byte == separator && !isQuoted {
                pieces.append(trimmed(piece))
                piece.removeAll(keepingCapacity: true)
                continue
            }
            if isEscaped {
                isEscaped = false
            } else if isQuoted && byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            }
            piece.append(byte)
        }
        pieces.append(trimmed(piece))
        return pieces
    }

    /// Drops the spaces and tabs around a value (RFC 9110 §5.6.3).
    static func trimmed(_ value: [UInt8]) -> [UInt8] {
        var lower = 0
        var upper = value.count
        while lower < upper, value[lower] == 0x20 || value[lower] == 0x09 { lower += 1 }
        while upper > lower, value[upper - 1] == 0x20 || value[upper - 1] == 0x09 { upper -= 1 }
        return Array(value[lower..<upper])
    }

    /// Takes a parameter such as `max-age=5` or `charset="utf-8"` apart (RFC 9110 §5.6.6).
    ///
    /// White space around the `=` is tolerated.
    ///
    /// - Returns: The name in lower case and the value without its quotes; the value is nil when there
    ///   is no `=`.
    static func parameter(_ piece: [UInt8]) -> (name: [UInt8], value: [UInt8]?) {
        guard let equals = piece.firstIndex(of: UInt8(ascii: "=")) else {
            return (lowercased(piece), nil)
        }
        return (
            lowercased(trimmed(Array(piece[..<equals]))),
            unquoted(trimmed(Array(piece[(equals + 1)...])))
        )
    }

    /// The content of a quoted string, or the value itself when it is not quoted (RFC 9110 §5.6.4).
    static func unquoted(_ value: [UInt8]) -> [UInt8] {
        let quote = UInt8(ascii: "\"")
        guard value.count >= 2, value[0] == quote, value[value.count - 1] == quote else {
            return value
        }
        var content: [UInt8] = []
        var isEscaped = false
        for byte in value[1..<(value.count - 1)] {
            if !isEscaped && byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else {
                content.append(byte)
                isEscaped = false
            }
        }
        return content
    }

    /// Folds ASCII upper case to lower case.
    static func lowercased(_ value: [UInt8]) -> [UInt8] {
        value.map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }
    }

    /// The essence of a `Content-Type` value in lower case, such as `application/json`
    /// (WHATWG MIME Sniffing §4.2).
    static func mediaType(_ value: [UInt8]) -> [UInt8] {
        let end = value.firstIndex(of: UInt8(ascii: ";")) ?? value.count
        return lowercased(trimmed(Array(value[..<end])))
    }

    /// The whole number that a field value spells in ASCII digits.
    ///
    /// - Returns: The number, at most `Int32.max`; nil when the value is empty or holds another byte.
    static func digits(_ value: [UInt8]) -> Int64? {
        guard !value.isEmpty else { return nil }
        var number: Int64 = 0
        for byte in value {
            guard 0x30...0x39 ~= byte else { return nil }
            number = min(number * 10 + Int64(byte - 0x30), Int64(Int32.max))
        }
        return number
    }
}

extension Array where Element == UInt8 {
    /// Tells whether the bytes begin with those of a literal.
    ///
    /// It stands once for all who call it, or the Worker's module would grow.
    @inline(never)
    func starts(withLiteral literal: StaticString) -> Bool { span.starts(withLiteral: literal) }

    /// Tells whether the bytes end with those of a literal.
    func ends(withLiteral literal: StaticString) -> Bool {
        count >= literal.utf8CodeUnitCount
            && self[(count - literal.utf8CodeUnitCount)...].elementsEqual(
                UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    /// Appends the bytes of a literal.
    public mutating func append(literal: StaticString) {
        append(
            contentsOf: UnsafeBufferPointer(
                start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    /// Appends a whole number in decimal ASCII digits, with a `-` before a negative one.
    public mutating func append(decimal number: Int64) {
        if number < 0 { append(UInt8(ascii: "-")) }
        let start = count
        var magnitude = number.magnitude
        repeat {
            append(0x30 + UInt8(magnitude % 10))
            magnitude /= 10
        } while magnitude > 0
        self[start...].reverse()
    }
}
