/// Reads the head of a ``PlainRequest``.
///
/// No offset reaches ``end``, which lies within the bytes, before it has been compared with it: that
/// is why single bytes and words are loaded unchecked.
struct PlainHeadScanner {
    private var position = 0
    private let end: Int
    private var contentLength: Int?
    private var hasHost = false
    private var isJSON = false
    /// The keyed fields seen so far, a bit each.
    private var seen: UInt32 = 0

    private enum Stop: Error {
        case incomplete, notPlain
    }

    init(_ bytes: Span<UInt8>) {
        end = min(bytes.count, PlainRequest.longestHead)
    }

    /// The most bytes that the keyed parts can have.
    ///
    /// A part takes no more bytes than its line, four more for a directive.
    var mostKeyed: Int { end + 4 * PlainRequest.mostFields }

    mutating func scan(
        _ keyed: inout OutputSpan<UInt8>, _ bytes: Span<UInt8>
    ) -> PlainRequest.Outcome {
        do throws(Stop) {
            let method = try readMethod(bytes)
            try readTarget(bytes, &keyed)
            try readFields(bytes, &keyed)
            guard hasHost else { return .notPlain }
            keyed.append(FieldKind.endMark)
            return .head(
                PlainRequest(
                    headLength: position, bodyLength: contentLength ?? 0,
                    mayBeKnown: method == .post && isJSON && contentLength != nil))
        } catch {
            switch error {
            case .notPlain: return .notPlain
            case .incomplete:
                return end < PlainRequest.longestHead ? .incomplete : .notPlain
            }
        }
    }

    private enum Method {
        case post, other
    }

    @inline(__always)
    private mutating func readMethod(_ bytes: Span<UInt8>) throws(Stop) -> Method {
        if try accepts("POST ", bytes) { return .post }
        guard try readOtherMethod(bytes) else { throw .notPlain }
        return .other
    }

    @inline(never)
    private mutating func readOtherMethod(_ bytes: Span<UInt8>) throws(Stop) -> Bool {
        for method in ["GET ", "HEAD ", "PUT ", "PATCH ", "DELETE ", "OPTIONS "] as [StaticString] {
            if try accepts(method, bytes) { return true }
        }
        return false
    }

    /// Reads the origin-form target and the version.
    @inline(__always)
    private mutating func readTarget(
        _ bytes: Span<UInt8>, _ keyed: inout OutputSpan<UInt8>
    ) throws(Stop) {
        let start = position
        position = HTTPBytes.endOfPrintable(bytes, from: start, to: end, lowest: 0x21)
        guard position < end else { throw .incomplete }
        guard position > start, bytes[unchecked: start] == UInt8(ascii: "/") else {
            throw .notPlain
        }
        keyed.append(FieldKind.targetMark)
        KeyedParts.append(bytes.extracting(start..<position), to: &keyed)
        guard try accepts(" HTTP/1.1\r\n", bytes) else { throw .notPlain }
    }

    @inline(__always)
    private mutating func readEmptyLine(_ bytes: Span<UInt8>) throws(Stop) -> Bool {
        guard position < end else { throw .incomplete }
        guard bytes[unchecked: position] == UInt8(ascii: "\r") else { return false }
        guard position + 1 < end else { throw .incomplete }
        guard bytes[unchecked: position + 1] == UInt8(ascii: "\n") else { throw .notPlain }
        position += 2
        return true
    }

    /// Reads all fields and the empty line.
    private mutating func readFields(
        _ bytes: Span<UInt8>, _ keyed: inout OutputSpan<UInt8>
    ) throws(Stop) {
        let space = UInt8(ascii: " ")
        var fields = 0
        while try !readEmptyLine(bytes) {
            fields &+= 1
            guard fields <= PlainRequest.mostFields else { throw .notPlain }
            let nameStart = position
            let nameEnd = HTTPBytes.endOfToken(bytes, from: nameStart, to: end)
            guard nameEnd < end else { throw .incomplete }
            guard nameEnd > nameStart, bytes[unchecked: nameEnd] == UInt8(ascii: ":") else {
                throw .notPlain
            }
            var valueStart = nameEnd &+ 1
            while valueStart < end, bytes[unchecked: valueStart] == space { valueStart &+= 1 }
            let lineEnd = HTTPBytes.endOfPrintable(bytes, from: valueStart, to: end, lowest: 0x20)
            guard lineEnd &+ 1 < end else { throw .incomplete }
            guard bytes[unchecked: lineEnd] == UInt8(ascii: "\r"),
                bytes[unchecked: lineEnd &+ 1] == UInt8(ascii: "\n")
            else { throw .notPlain }
            var valueEnd = lineEnd
            while valueEnd > valueStart, bytes[unchecked: valueEnd &- 1] == space { valueEnd &-= 1 }
            position = lineEnd &+ 2
            try take(
                bytes.extracting(nameStart..<nameEnd), bytes.extracting(valueStart..<valueEnd),
                &keyed)
        }
    }

    @inline(__always)
    private mutating func take(
        _ name: Span<UInt8>, _ value: Span<UInt8>, _ keyed: inout OutputSpan<UInt8>
    ) throws(Stop) {
        switch FieldKind(name) {
        case .indifferent: break
        case .special: throw .notPlain
        case .host:
            guard !hasHost, !value.isEmpty else { throw .notPlain }
            hasHost = true
        case .connection:
            guard HTTPBytes.equalsFolded(value, "keep-alive") else { throw .notPlain }
        case .contentLength:
            guard contentLength == nil, let length = Self.length(value) else { throw .notPlain }
            contentLength = length
        case .keyed(let number):
            guard seen & (1 &<< number) == 0 else { throw .notPlain }
            seen |= 1 &<< number
            if number == FieldKind.contentType {
                isJSON = HTTPBytes.hasFoldedPrefix(value, "application/json")
            }
            KeyedParts.append(keyed: number, value, to: &keyed)
        case .directive:
            KeyedParts.append(directive: name, value, to: &keyed)
        }
    }

    /// Digits without a leading zero, few enough not to overflow.
    private static func length(_ value: Span<UInt8>) -> Int? {
        guard 1...12 ~= value.count, value.count == 1 || value[0] != 0x30 else { return nil }
        var length = 0
        for index in value.indices {
            guard 0x30...0x39 ~= value[index] else { return nil }
            length = length * 10 + Int(value[index] - 0x30)
        }
        return length
    }

    /// Passes over a literal if it stands here.
    @inline(__always)
    private mutating func accepts(_ literal: StaticString, _ bytes: Span<UInt8>) throws(Stop)
        -> Bool
    {
        let count = literal.utf8CodeUnitCount
        if end - position >= count {
            guard HTTPBytes.hasPrefix(bytes.extracting(position..<position + count), literal)
            else { return false }
            position += count
            return true
        }
        for offset in 0..<end - position
        where bytes[unchecked: position + offset] != literal.utf8Start[offset] {
            return false
        }
        throw .incomplete
    }
}
