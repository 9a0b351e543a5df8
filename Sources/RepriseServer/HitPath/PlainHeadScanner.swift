/// Reads the head of a ``PlainRequest``.
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

    mutating func scan(
        _ keyed: inout [UInt8], _ bytes: Span<UInt8>
    ) -> PlainRequest.Outcome {
        do throws(Stop) {
            let method = try readMethod(bytes)
            try readTarget(bytes, &keyed)
            var fields = 0
            while try !readEmptyLine(bytes) {
                fields += 1
                if fields > PlainRequest.mostFields { return .notPlain }
                try readField(bytes, &keyed)
            }
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

    private mutating func readMethod(_ bytes: Span<UInt8>) throws(Stop) -> Method {
        if try accepts("POST ", bytes) { return .post }
        for method in ["GET ", "HEAD ", "PUT ", "PATCH ", "DELETE ", "OPTIONS "] as [StaticString] {
            if try accepts(method, bytes) { return .other }
        }
        throw .notPlain
    }

    /// Reads the origin-form target and the version.
    private mutating func readTarget(
        _ bytes: Span<UInt8>, _ keyed: inout [UInt8]
    ) throws(Stop) {
        let start = position
        while position < end, 0x21...0x7E ~= bytes[position] { position += 1 }
        guard position < end else { throw .incomplete }
        guard position > start, bytes[start] == UInt8(ascii: "/") else { throw .notPlain }
        keyed.append(FieldKind.targetMark)
        Self.append(bytes, start..<position, to: &keyed)
        guard try accepts(" HTTP/1.1\r\n", bytes) else { throw .notPlain }
    }

    private mutating func readEmptyLine(_ bytes: Span<UInt8>) throws(Stop) -> Bool {
        guard position < end else { throw .incomplete }
        guard bytes[position] == UInt8(ascii: "\r") else { return false }
        guard position + 1 < end else { throw .incomplete }
        guard bytes[position + 1] == UInt8(ascii: "\n") else { throw .notPlain }
        position += 2
        return true
    }

    private mutating func readField(_ bytes: Span<UInt8>, _ keyed: inout [UInt8]) throws(Stop) {
        let space = UInt8(ascii: " ")
        let nameStart = position
        while position < end, HTTPBytes.isToken(bytes[position]) { position += 1 }
        guard position < end else { throw .incomplete }
        guard position > nameStart, bytes[position] == UInt8(ascii: ":") else { throw .notPlain }
        let name = nameStart..<position
        position += 1
        while position < end, bytes[position] == space { position += 1 }
        let valueStart = position
        while position < end, HTTPBytes.isPlainValue(bytes[position]) { position += 1 }
        guard position + 1 < end else { throw .incomplete }
        guard bytes[position] == UInt8(ascii: "\r"), bytes[position + 1] == UInt8(ascii: "\n")
        else { throw .notPlain }
        var valueEnd = position
        while valueEnd > valueStart, bytes[valueEnd - 1] == space { valueEnd -= 1 }
        position += 2
        try take(FieldKind(bytes, name), bytes, name, valueStart..<valueEnd, &keyed)
    }

    private mutating func take(
        _ kind: FieldKind, _ bytes: Span<UInt8>, _ name: Range<Int>, _ value: Range<Int>,
        _ keyed: inout [UInt8]
    ) throws(Stop) {
        switch kind {
        case .indifferent: break
        case .special: throw .notPlain
        case .host:
            guard !hasHost, !value.isEmpty else { throw .notPlain }
            hasHost = true
        case .connection:
            guard HTTPBytes.equalsFolded(bytes, value, "keep-alive") else { throw .notPlain }
        case .contentLength:
            guard contentLength == nil, let length = Self.length(bytes, value) else {
                throw .notPlain
            }
            contentLength = length
        case .keyed(let number):
            guard seen & (1 << number) == 0 else { throw .notPlain }
            seen |= 1 << number
            if number == FieldKind.contentType {
                isJSON = HTTPBytes.hasFoldedPrefix(bytes, value, "application/json")
            }
            keyed.append(UInt8(truncatingIfNeeded: number))
            Self.append(bytes, value, to: &keyed)
        case .directive:
            keyed.append(FieldKind.directiveMark)
            Self.append(bytes, name, to: &keyed)
            Self.append(bytes, value, to: &keyed)
        }
    }

    /// Digits without a leading zero, few enough not to overflow.
    private static func length(_ bytes: Span<UInt8>, _ value: Range<Int>) -> Int? {
        guard 1...12 ~= value.count, value.count == 1 || bytes[value.lowerBound] != 0x30 else {
            return nil
        }
        var length = 0
        for index in value {
            guard 0x30...0x39 ~= bytes[index] else { return nil }
            length = length * 10 + Int(bytes[index] - 0x30)
        }
        return length
    }

    /// Appends a part behind its length, so that two parts never run together.
    private static func append(_ bytes: Span<UInt8>, _ range: Range<Int>, to keyed: inout [UInt8]) {
        let count = UInt32(range.count)
        keyed.append(UInt8(truncatingIfNeeded: count >> 16))
        keyed.append(UInt8(truncatingIfNeeded: count >> 8))
        keyed.append(UInt8(truncatingIfNeeded: count))
        bytes.extracting(range).withUnsafeBufferPointer { keyed.append(contentsOf: $0) }
    }

    /// Passes over a literal if it stands here.
    private mutating func accepts(_ literal: StaticString, _ bytes: Span<UInt8>) throws(Stop)
        -> Bool
    {
        let count = literal.utf8CodeUnitCount
        for offset in 0..<count {
            guard position + offset < end else { throw .incomplete }
            if bytes[position + offset] != literal.utf8Start[offset] { return false }
        }
        position += count
        return true
    }
}
