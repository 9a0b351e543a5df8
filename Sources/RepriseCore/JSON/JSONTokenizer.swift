/// A strict pull reader of one JSON document (RFC 8259).
///
/// It holds positions only; every call is given the same bytes anew. Strings must be valid UTF-8
/// with paired surrogates, a byte-order mark is not allowed, and nothing but white space may follow
/// the document. Duplicate names are not looked for: ``CanonicalJSON`` does that.
///
/// It neither recurses nor allocates.
public struct JSONTokenizer: Sendable {
    /// How many arrays and objects may be open at once.
    public static let maximumDepth = 128

    /// The offset of the first byte that has not been read.
    ///
    /// After a member's name, its colon has been read too.
    public private(set) var offset: Int

    private let end: Int
    private var phase = Phase.value
    private var nesting = JSONNesting()

    private enum Phase {
        case value, firstElement, firstName, afterValue, complete
        case failed(JSONError)
    }

    /// Makes a reader of a document that takes up all of the bytes.
    public init() {
        self.init(startingAt: 0, endingAt: nil)
    }

    /// Makes a reader of a document that stands inside a larger text.
    ///
    /// - Parameters:
    ///   - offset: The offset of the document's first byte.
    ///   - end: The offset after its last byte; nil for the end of the bytes. Must not lie before
    ///     `offset`.
    public init(startingAt offset: Int, endingAt end: Int?) {
        self.offset = offset
        self.end = end ?? Int.max
    }

    /// Reads the next token.
    ///
    /// - Parameter bytes: The text; the same in every call.
    /// - Returns: The token; nil once the whole document has been read and found to be complete.
    /// - Throws: ``JSONError`` but for ``JSONError/duplicateName``; the same one again from then on.
    public mutating func next(_ bytes: Span<UInt8>) throws(JSONError) -> JSONToken? {
        do throws(JSONError) {
            return try read(end < bytes.count ? bytes.extracting(0..<end) : bytes)
        } catch {
            phase = .failed(error)
            throw error
        }
    }

    /// Reads on to the end of the value that a token began.
    ///
    /// After a bracket that opens a container, that is the bracket that closes it; after a name, the
    /// whole value of the member. After any other token nothing is left to skip.
    ///
    /// - Parameters:
    ///   - bytes: The text; the same in every call.
    ///   - token: The token that ``next(_:)`` returned last.
    /// - Throws: As ``next(_:)``; what is skipped is checked as strictly as what is read.
    public mutating func skipValue(
        _ bytes: Span<UInt8>, after token: JSONToken
    ) throws(JSONError) {
        var last: JSONToken? = token
        if case .name = token {
            last = try next(bytes)
        }
        guard last == .beginObject || last == .beginArray else { return }
        let outside = nesting.depth - 1
        while nesting.depth > outside {
            guard try next(bytes) != nil else { return }
        }
    }

    @inline(__always)
    private mutating func read(_ bytes: Span<UInt8>) throws(JSONError) -> JSONToken? {
        skipSpace(bytes)
        switch phase {
        case .value:
            return try readValue(bytes)
        case .firstElement:
            return peek(bytes) == UInt8(ascii: "]") ? close(.endArray) : try readValue(bytes)
        case .firstName:
            return peek(bytes) == UInt8(ascii: "}") ? close(.endObject) : try readName(bytes)
        case .afterValue where nesting.depth == 0, .complete:
            guard offset == bytes.count else { throw .invalid }
            phase = .complete
            return nil
        case .afterValue:
            return try readAfterValue(bytes)
        case .failed(let error):
            throw error
        }
    }

    @inline(__always)
    private mutating func readAfterValue(_ bytes: Span<UInt8>) throws(JSONError) -> JSONToken {
        let isInObject = nesting.isInObject
        switch peek(bytes) {
        case UInt8(ascii: ","):
            offset += 1
            skipSpace(bytes)
            return isInObject ? try readName(bytes) : try readValue(bytes)
        case UInt8(ascii: "}") where isInObject:
            return close(.endObject)
        case UInt8(ascii: "]") where !isInObject:
            return close(.endArray)
        default:
            throw .invalid
        }
    }

    @inline(__always)
    private mutating func readName(_ bytes: Span<UInt8>) throws(JSONError) -> JSONToken {
        guard peek(bytes) == UInt8(ascii: "\"") else { throw .invalid }
        let name = try readString(bytes)
        skipSpace(bytes)
        guard peek(bytes) == UInt8(ascii: ":") else { throw .invalid }
        offset += 1
        phase = .value
        return .name(name)
    }

    @inline(__always)
    private mutating func readValue(_ bytes: Span<UInt8>) throws(JSONError) -> JSONToken {
        guard let first = peek(bytes) else { throw .invalid }
        switch first {
        case UInt8(ascii: "\""):
            let string = try readString(bytes)
            phase = .afterValue
            return .string(string)
        case UInt8(ascii: "{"):
            try nesting.open(isObject: true)
            offset += 1
            phase = .firstName
            return .beginObject
        case UInt8(ascii: "["):
            try nesting.open(isObject: false)
            offset += 1
            phase = .firstElement
            return .beginArray
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
            offset = try JSONScan.endOfLiteral(bytes, from: offset)
            phase = .afterValue
            return first == UInt8(ascii: "n") ? .null : .bool(first == UInt8(ascii: "t"))
        default:
            let start = offset
            var spelling = JSONScan.Spelling.plain
            offset = try JSONScan.endOfNumber(bytes, from: start, spelling: &spelling)
            phase = .afterValue
            return .number(start..<offset)
        }
    }

    private mutating func readString(_ bytes: Span<UInt8>) throws(JSONError) -> Range<Int> {
        let start = offset + 1
        var spelling = JSONScan.Spelling.plain
        let closing = try JSONScan.endOfString(bytes, from: start, spelling: &spelling)
        offset = closing + 1
        return start..<closing
    }

    @inline(__always)
    private mutating func close(_ token: JSONToken) -> JSONToken {
        nesting.close()
        offset += 1
        phase = .afterValue
        return token
    }

    @inline(__always)
    private func peek(_ bytes: Span<UInt8>) -> UInt8? {
        offset < bytes.count ? bytes[offset] : nil
    }

    @inline(__always)
    private mutating func skipSpace(_ bytes: Span<UInt8>) {
        offset = JSONScan.endOfSpace(bytes, from: offset)
    }
}
