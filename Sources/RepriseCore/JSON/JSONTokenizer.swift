/// A strict pull reader of one JSON document (RFC 8259).
///
/// It holds positions only; every call is given the same bytes anew. Strings must be valid UTF-8
/// with paired surrogates, a byte-order mark is not allowed, and nothing but white space may follow
/// the document. Duplicate names are not looked for: ``CanonicalJSON`` does that.
///
/// It neither recurses nor allocates: the kinds of the open containers are bits in two words.
public struct JSONTokenizer: Sendable {
    /// How many arrays and objects may be open at once.
    public static let maximumDepth = 128

    /// The offset of the first byte that has not been read.
    ///
    /// After a member's name, its colon has been read too.
    public private(set) var offset: Int
    /// Where the text of the token that was read last begins, its quote included.
    private(set) var tokenStart: Int
    /// How the name, string or number that was read last is written.
    private(set) var spelling = JSONScan.Spelling.plain
    /// Whether white space was passed on the way to the token that was read last.
    private(set) var passedSpace = false
    /// Whether a comma was passed on the way to the token that was read last.
    private(set) var passedComma = false

    private let end: Int
    private var phase = Phase.value
    private var depth = 0
    // One bit for each open container, the innermost lowest, set for an object.
    private var innerKinds: UInt64 = 0
    private var outerKinds: UInt64 = 0

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
        self.tokenStart = offset
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
        let outside = depth - 1
        while depth > outside {
            guard try next(bytes) != nil else { return }
        }
    }

    /// Passes over elements of an array after the token that was read last, as long as they are
    /// canonical numbers with nothing but white space between the comma and them.
    ///
    /// Whatever else comes next, a fault included, is left to ``next(_:)``.
    ///
    /// - Parameter bytes: The text; the same in every call.
    /// - Returns: The range of the white space before the last element that was passed, when there is
    ///   any: more such elements may follow. Nil when the next token is to be read.
    mutating func passCanonicalNumbers(_ bytes: Span<UInt8>) -> Range<Int>? {
        guard depth > 0, innerKinds & 1 == 0, case .afterValue = phase else { return nil }
        let text = end < bytes.count ? bytes.extracting(0..<end) : bytes
        while offset < text.count, text[offset] == UInt8(ascii: ",") {
            var start = offset + 1
            while start < text.count, JSONScan.isSpace(text[start]) {
                start += 1
            }
            guard start < text.count,
                JSONScan.isDigit(text[start]) || text[start] == UInt8(ascii: "-")
            else { return nil }
            var spelling = JSONScan.Spelling.foreign
            // The next token meets a fault again, and throws it.
            guard let after = try? JSONScan.endOfNumber(text, from: start, spelling: &spelling),
                spelling == .plain
            else { return nil }
            let space = offset + 1..<start
            offset = after
            if !space.isEmpty { return space }
        }
        return nil
    }

    @inline(__always)
    private mutating func read(_ bytes: Span<UInt8>) throws(JSONError) -> JSONToken? {
        passedSpace = false
        passedComma = false
        skipSpace(bytes)
        switch phase {
        case .value:
            return try readValue(bytes)
        case .firstElement:
            return peek(bytes) == UInt8(ascii: "]") ? close(.endArray) : try readValue(bytes)
        case .firstName:
            return peek(bytes) == UInt8(ascii: "}") ? close(.endObject) : try readName(bytes)
        case .afterValue where depth == 0, .complete:
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
        let isInObject = innerKinds & 1 == 1
        switch peek(bytes) {
        case UInt8(ascii: ","):
            offset += 1
            passedComma = true
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
            try open(isObject: true)
            return .beginObject
        case UInt8(ascii: "["):
            try open(isObject: false)
            return .beginArray
        case UInt8(ascii: "t"):
            return try readLiteral(bytes, "true", .bool(true))
        case UInt8(ascii: "f"):
            return try readLiteral(bytes, "false", .bool(false))
        case UInt8(ascii: "n"):
            return try readLiteral(bytes, "null", .null)
        default:
            tokenStart = offset
            offset = try JSONScan.endOfNumber(bytes, from: offset, spelling: &spelling)
            phase = .afterValue
            return .number(tokenStart..<offset)
        }
    }

    @inline(__always)
    private mutating func readString(_ bytes: Span<UInt8>) throws(JSONError) -> Range<Int> {
        tokenStart = offset
        let closing = try JSONScan.endOfString(bytes, from: offset + 1, spelling: &spelling)
        offset = closing + 1
        return tokenStart + 1..<closing
    }

    private mutating func readLiteral(
        _ bytes: Span<UInt8>, _ literal: StaticString, _ token: JSONToken
    ) throws(JSONError) -> JSONToken {
        let length = literal.utf8CodeUnitCount
        guard bytes.count - offset >= length,
            JSONText.equals(bytes, offset..<offset + length, literal)
        else { throw .invalid }
        tokenStart = offset
        offset += length
        phase = .afterValue
        return token
    }

    @inline(__always)
    private mutating func open(isObject: Bool) throws(JSONError) {
        guard depth < Self.maximumDepth else { throw .tooDeep }
        depth += 1
        outerKinds = outerKinds << 1 | innerKinds >> 63
        innerKinds = innerKinds << 1 | (isObject ? 1 : 0)
        tokenStart = offset
        offset += 1
        phase = isObject ? .firstName : .firstElement
    }

    @inline(__always)
    private mutating func close(_ token: JSONToken) -> JSONToken {
        depth -= 1
        innerKinds = innerKinds >> 1 | outerKinds << 63
        outerKinds >>= 1
        tokenStart = offset
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
        while offset < bytes.count, JSONScan.isSpace(bytes[offset]) {
            offset += 1
            passedSpace = true
        }
    }
}
