/// The fields of one head as they are read, and what they say about the message.
struct FieldReader: Sendable {
    /// Which rules apply.
    enum Role: Sendable {
        case request, response, trailer
    }

    private let role: Role
    /// Where the fields stand in the head's bytes.
    private(set) var positions: [HeadFields.Position] = []
    /// The body's length, when it is told.
    private(set) var length: Int64?
    /// Whether the body is chunked.
    private(set) var isChunked = false
    /// How many `Host` fields there are.
    private(set) var hostCount = 0
    /// Whether the sender closes the connection.
    private(set) var saysClose = false
    /// Whether the sender keeps the connection.
    private(set) var saysKeepAlive = false
    /// Whether the client waits for a 100.
    private(set) var saysContinue = false

    /// Makes a reader that has read none.
    init(_ role: Role) {
        self.role = role
    }

    /// Reads a field line (RFC 9112 §5) and folds its name. Folded lines are refused, as is a blank
    /// before the colon.
    ///
    /// - Parameters:
    ///   - line: Where the line stands in `bytes`; not empty.
    ///   - limit: How many fields there may be.
    ///   - minorVersion: The message's version.
    mutating func read(
        _ line: Range<Int>, in bytes: inout [UInt8], limit: Int, minorVersion: Int
    ) throws(HTTP1Error) {
        guard positions.count < limit else {
            throw role == .trailer
                ? .malformedChunk("there are too many trailer fields") : .headTooLarge
        }
        let colon = Self.foldName(line, in: &bytes)
        guard colon > line.lowerBound, colon < line.upperBound, bytes[colon] == UInt8(ascii: ":")
        else {
            throw bytes[line.lowerBound].isBlank
                ? .malformed("a field line is folded")
                : .malformed("a field name is not a token, or is not followed by a colon")
        }
        let part = bytes.span.trimmingBlanks((colon + 1)..<line.upperBound)
        let value = bytes.span.extracting(part)
        guard value.isFieldValue else {
            throw .malformed("a field value holds a control character")
        }
        if positions.isEmpty { positions.reserveCapacity(min(limit, 16)) }
        let name = bytes.span.extracting(line.lowerBound..<colon)
        try interpret(name, value, minorVersion: minorVersion)
        positions.append(HeadFields.Position(name: line.lowerBound..<colon, value: part))
    }

    /// Folds a field's name to lower case.
    ///
    /// - Returns: The index behind it.
    private static func foldName(_ line: Range<Int>, in bytes: inout [UInt8]) -> Int {
        var span = bytes.mutableSpan
        var index = line.lowerBound
        while index < line.upperBound {
            let byte = span[index]
            guard byte.mayStandInToken else { break }
            span[index] = byte.lowercased
            index += 1
        }
        return index
    }

    private mutating func interpret(
        _ name: Span<UInt8>, _ value: Span<UInt8>, minorVersion: Int
    ) throws(HTTP1Error) {
        guard role != .trailer else { return }
        switch name.count {
        case 4 where name.equals("host"): try readHost(value)
        case 6 where name.equals("expect"):
            if value.equalsIgnoringCase("100-continue") { saysContinue = true }
        case 10 where name.equals("connection"): readConnection(value)
        case 14 where name.equals("content-length"): try readLength(value)
        case 17 where name.equals("transfer-encoding"):
            try readTransferEncoding(value, minorVersion: minorVersion)
        default: break
        }
    }

    private mutating func readHost(_ value: Span<UInt8>) throws(HTTP1Error) {
        guard role == .request else { return }
        hostCount += 1
        guard hostCount == 1 else { throw .malformed("there is more than one Host field") }
        for index in value.indices where !value[index].mayStandInHost {
            throw .malformed("the Host field is not a host")
        }
    }

    private mutating func readConnection(_ value: Span<UInt8>) {
        value.forEachMember { member in
            if member.equalsIgnoringCase("close") { saysClose = true }
            if member.equalsIgnoringCase("keep-alive") { saysKeepAlive = true }
        }
    }

    /// Reads a length: digits alone, told once, and no other framing beside it (RFC 9112 §6.3).
    private mutating func readLength(_ value: Span<UInt8>) throws(HTTP1Error) {
        guard !isChunked else {
            throw .malformed("there are both Content-Length and Transfer-Encoding")
        }
        guard length == nil else { throw .malformed("there is more than one Content-Length") }
        // No body is longer than 18 digits can tell.
        guard (1...18).contains(value.count) else {
            throw .malformed("the Content-Length is not a number of 1 to 18 digits")
        }
        var number: Int64 = 0
        for index in value.indices {
            guard value[index].isDigit else {
                throw .malformed("the Content-Length is not a number of 1 to 18 digits")
            }
            number = number * 10 + Int64(value[index] - UInt8(ascii: "0"))
        }
        length = number
    }

    private mutating func readTransferEncoding(
        _ value: Span<UInt8>, minorVersion: Int
    ) throws(HTTP1Error) {
        guard length == nil else {
            throw .malformed("there are both Content-Length and Transfer-Encoding")
        }
        guard minorVersion > 0 || role == .response else {
            throw .malformed("there is Transfer-Encoding in HTTP/1.0")
        }
        // Nobody may read on behind `chunked`: it is the last coding, and stands there once.
        guard !isChunked else { throw .malformed("`chunked` is not the last transfer coding") }
        var isUnknown = false
        var flaw: HTTP1Error?
        value.forEachMember { coding in
            if flaw != nil { return }
            if isChunked {
                flaw = .malformed("`chunked` is not the last transfer coding")
            } else if coding.equalsIgnoringCase("chunked") {
                isChunked = true
            } else if coding.isEmpty || !coding[0].mayStandInToken {
                flaw = .malformed("a transfer coding is not a token")
            } else {
                isUnknown = true
            }
        }
        if let flaw { throw flaw }
        if isUnknown { throw .unknownTransferCoding }
    }
}
