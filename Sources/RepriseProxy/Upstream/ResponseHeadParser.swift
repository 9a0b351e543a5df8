import RepriseCore

/// Reads the head of an HTTP/1 response line by line, and finds out how its body ends.
struct ResponseHeadParser {
    typealias Flaw = ResponseParser.Flaw

    /// How the end of a body is told (RFC 9112 §6.3).
    enum Framing: Equatable {
        case length(Int)
        case chunked
        case untilClose
    }

    /// Fields of a head at most.
    static let mostFields = 256

    /// What was read so far.
    private(set) var head = ResponseHead(status: 0, headers: [])
    private var isVersion10 = false
    private var length: Int?
    private var isChunked = false
    private var saysClose = false
    private var saysKeepAlive = false

    /// Whether the head is that of an interim response (RFC 9110 §15.2).
    var isInformational: Bool { head.status < 200 }

    /// Whether the connection may carry another request after a response whose end the framing
    /// tells (RFC 9112 §9.3).
    var keepsAlive: Bool {
        if saysClose { return false }
        return isVersion10 ? saysKeepAlive && !isChunked : true
    }

    /// How the body ends, once the head has.
    ///
    /// - Parameter isHead: Whether the method is `HEAD`, so that no body follows.
    func framing(isHead: Bool) throws(Flaw) -> Framing {
        // Who believes the one and who believes the other would see different responses.
        if isChunked, length != nil { throw .ambiguousLength }
        if isHead || head.status == 204 || head.status == 304 { return .length(0) }
        if isChunked { return .chunked }
        return length.map { .length($0) } ?? .untilClose
    }

    // MARK: Lines

    /// Reads the first line.
    mutating func readStatus(_ line: Span<UInt8>) throws(Flaw) {
        let prefix: StaticString = "HTTP/1."
        guard line.count >= 12, line.extracting(first: 7).equals(prefix),
            Self.isDigit(line[7]), line[8] == UInt8(ascii: " "),
            line.count == 12 || line[12] == UInt8(ascii: " ")
        else { throw .notHTTP }
        var status: Int32 = 0
        for index in 9..<12 {
            guard Self.isDigit(line[index]) else { throw .notHTTP }
            status = status * 10 + Int32(line[index] - UInt8(ascii: "0"))
        }
        guard status >= 100 else { throw .notHTTP }
        if status == 101 { throw .switchedProtocols }
        guard line.extracting(droppingFirst: 12).isFieldValue else { throw .notHTTP }
        isVersion10 = line[7] == UInt8(ascii: "0")
        head.status = status
        head.headers.reserveCapacity(16)
    }

    /// Reads a field.
    mutating func readField(_ line: Span<UInt8>) throws(Flaw) {
        guard head.headers.count < Self.mostFields else { throw .tooLong }
        let field = try Self.field(line)
        if field.isNamed("content-length") {
            guard length == nil, let value = Self.number(field.value.span) else {
                throw .ambiguousLength
            }
            length = value
        } else if field.isNamed("transfer-encoding") {
            guard !isChunked, HeaderField(name: field.value, value: []).isNamed("chunked") else {
                throw .unknownCoding
            }
            isChunked = true
        } else if field.isNamed("connection") {
            for piece in field.value.split(separator: UInt8(ascii: ",")) {
                let option = HeaderField(name: piece.filter { !$0.isBlank }, value: [])
                if option.isNamed("close") { saysClose = true }
                if option.isNamed("keep-alive") { saysKeepAlive = true }
            }
        }
        head.headers.append(field)
    }

    /// Reads a field line (RFC 9112 §5). Folded ones are refused, as is a blank before the colon.
    static func field(_ line: Span<UInt8>) throws(Flaw) -> HeaderField {
        var colon = 0
        while colon < line.count, line[colon].mayStandInToken { colon += 1 }
        guard colon > 0, colon < line.count, line[colon] == UInt8(ascii: ":") else {
            throw .malformedField
        }
        var start = colon + 1
        var end = line.count
        while start < end, line[start].isBlank { start += 1 }
        while end > start, line[end - 1].isBlank { end -= 1 }
        guard line.extracting(start..<end).isFieldValue else { throw .malformedField }
        return HeaderField(
            name: line.extracting(first: colon).bytesAsArray,
            value: line.extracting(start..<end).bytesAsArray)
    }

    /// A decimal number, of digits alone; nil for anything else, and for one that no body reaches.
    private static func number(_ digits: Span<UInt8>) -> Int? {
        guard (1...18).contains(digits.count) else { return nil }
        var number = 0
        for index in digits.indices {
            guard isDigit(digits[index]) else { return nil }
            number = number * 10 + Int(digits[index] - UInt8(ascii: "0"))
        }
        return number
    }

    /// The size that the line before a chunk tells (RFC 9112 §7.1); extensions are ignored.
    static func chunkSize(_ line: Span<UInt8>) throws(Flaw) -> Int {
        var size = 0
        var index = 0
        while index < line.count, let digit = hexadecimal(line[index]) {
            guard index < 15 else { throw .malformedChunk }
            size = size << 4 | digit
            index += 1
        }
        guard index > 0 else { throw .malformedChunk }
        while index < line.count, line[index].isBlank { index += 1 }
        guard index == line.count || line[index] == UInt8(ascii: ";") else { throw .malformedChunk }
        guard line.extracting(droppingFirst: index).isFieldValue else { throw .malformedChunk }
        return size
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }

    private static func hexadecimal(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }
}

extension Span<UInt8> {
    fileprivate var bytesAsArray: [UInt8] { withUnsafeBufferPointer { Array($0) } }
}
