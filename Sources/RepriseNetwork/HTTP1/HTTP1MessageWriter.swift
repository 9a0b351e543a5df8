/// The text of HTTP/1.1 messages (RFC 9112), appended to bytes.
///
/// Nothing that is written can end a line early or begin another one: what may not stand where it
/// would stand is replaced or left out, whoever it came from.
public enum HTTP1MessageWriter {
    /// Writes the first line of a response.
    ///
    /// - Parameters:
    ///   - status: 100 to 999; any other number becomes 500.
    ///   - minorVersion: 0 or 1.
    public static func appendStatusLine(
        _ status: Int, minorVersion: Int = 1, to bytes: inout [UInt8]
    ) {
        let code = 100...999 ~= status ? status : 500
        bytes.append(minorVersion == 0 ? "HTTP/1.0 " : "HTTP/1.1 ")
        appendDecimal(Int64(code), to: &bytes)
        bytes.append(UInt8(ascii: " "))
        bytes.append(reasonPhrase(code))
        bytes.append("\r\n")
    }

    /// Writes the first line of a request.
    ///
    /// - Parameters:
    ///   - method: A token; other bytes are left out.
    ///   - target: Bytes that may not stand in a target are percent-encoded.
    public static func appendRequestLine(
        method: [UInt8], target: [UInt8], to bytes: inout [UInt8]
    ) {
        for byte in method where byte.mayStandInToken { bytes.append(byte) }
        bytes.append(UInt8(ascii: " "))
        for byte in target {
            if byte.mayStandInTarget {
                bytes.append(byte)
            } else {
                bytes.append(UInt8(ascii: "%"))
                bytes.append(hexadecimalDigit(byte >> 4))
                bytes.append(hexadecimalDigit(byte & 15))
            }
        }
        bytes.append(" HTTP/1.1\r\n")
    }

    /// Writes a field; one whose name is not a token is left out, and CR, LF and NUL in the value
    /// become blanks.
    public static func appendField(
        name: Span<UInt8>, value: Span<UInt8>, to bytes: inout [UInt8]
    ) {
        guard name.isToken else { return }
        bytes.append(copying: name)
        appendValue(value, to: &bytes)
    }

    /// Writes a field whose name is known to be a token, and whose value to hold no control character.
    static func appendCheckedField(_ name: [UInt8], _ value: [UInt8], to bytes: inout [UInt8]) {
        bytes.append(contentsOf: name)
        bytes.append(": ")
        bytes.append(contentsOf: value)
        bytes.append("\r\n")
    }

    /// Writes a field whose name is known.
    public static func appendField(
        _ name: StaticString, value: Span<UInt8>, to bytes: inout [UInt8]
    ) {
        bytes.append(name)
        appendValue(value, to: &bytes)
    }

    /// Writes a field that is a number.
    public static func appendField(_ name: StaticString, number: Int64, to bytes: inout [UInt8]) {
        bytes.append(name)
        bytes.append(": ")
        appendDecimal(number, to: &bytes)
        bytes.append("\r\n")
    }

    /// Writes fields.
    public static func appendFields(_ fields: HeadFields, to bytes: inout [UInt8]) {
        let memory = fields.bytes.span
        for position in fields.positions {
            appendField(
                name: memory.extracting(position.name), value: memory.extracting(position.value),
                to: &bytes)
        }
    }

    /// Writes the empty line behind the fields.
    public static func appendHeadEnd(to bytes: inout [UInt8]) {
        bytes.append("\r\n")
    }

    // MARK: Chunks

    /// Writes what stands before the bytes of a chunk (RFC 9112 §7.1).
    ///
    /// - Parameter size: Bytes of the chunk; not 0, which would be the last chunk.
    public static func appendChunkHead(size: Int, to bytes: inout [UInt8]) {
        precondition(size > 0, "an empty chunk ends a body")
        var isBegun = false
        for shift in stride(from: Int.bitWidth - 4, through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: size >> shift) & 15
            isBegun = isBegun || digit != 0
            if isBegun { bytes.append(hexadecimalDigit(digit)) }
        }
        bytes.append("\r\n")
    }

    /// Writes what stands behind the bytes of a chunk.
    public static func appendChunkEnd(to bytes: inout [UInt8]) {
        bytes.append("\r\n")
    }

    /// Writes the last chunk, which ends a body.
    public static func appendLastChunk(to bytes: inout [UInt8]) {
        bytes.append("0\r\n\r\n")
    }

    // MARK: Pieces

    /// Writes a number.
    public static func appendDecimal(_ number: Int64, to bytes: inout [UInt8]) {
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        let start = bytes.count
        var rest = number.magnitude
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }

    private static func appendValue(_ value: Span<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(": ")
        let start = bytes.count
        bytes.append(copying: value)
        if !value.isFieldValue { blankLineEnds(&bytes, from: start) }
        bytes.append("\r\n")
    }

    /// Puts a blank in the place of each byte that could end a line, or a text.
    private static func blankLineEnds(_ bytes: inout [UInt8], from start: Int) {
        var written = bytes.mutableSpan
        for index in start..<written.count {
            let byte = written[index]
            if byte == 0 || byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n") {
                written[index] = UInt8(ascii: " ")
            }
        }
    }

    private static func hexadecimalDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
