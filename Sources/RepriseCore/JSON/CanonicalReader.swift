/// Reads a document and notes what its canonical text needs: edits, and members put in order.
///
/// It knows the grammar for itself: tokens from ``JSONTokenizer`` would be handed over twice. What
/// strings, numbers and literals are, both know from ``JSONScan``.
struct CanonicalReader: ~Copyable {
    private var edits = DocumentEdits()
    private var order = MemberOrder()
    private var nesting = JSONNesting()
    // The offset of the first byte that has not been read.
    private var position = 0
    // The offset after the text of the last token.
    private var previousEnd = 0

    /// Reads a whole document; to be called once.
    mutating func read(_ document: Span<UInt8>) throws(JSONError) {
        passSpace(document)
        var isValueNext = true
        while isValueNext {
            if nesting.isInObject { try readName(document) }
            isValueNext = try opensContainer(document)
            if !isValueNext { isValueNext = try readOn(document) }
        }
    }

    /// Appends the canonical text of the document that was read.
    func append(_ document: Span<UInt8>, to output: inout [UInt8]) {
        order.append(document, upTo: previousEnd, edits, to: &output)
    }

    /// Reads a value: all of it, or the bracket that opens a container and the space behind it.
    ///
    /// - Returns: Whether a container has been opened that is not empty.
    @inline(__always)
    private mutating func opensContainer(_ document: Span<UInt8>) throws(JSONError) -> Bool {
        guard position < document.count else { throw .invalid }
        let start = position
        let first = document[unchecked: start]
        switch first {
        case UInt8(ascii: "\""):
            var spelling = JSONScan.Spelling.plain
            let closing = try JSONScan.endOfString(document, from: start &+ 1, spelling: &spelling)
            if spelling == .foreign {
                edits.respellString(document, start &+ 1..<closing)
            }
            endToken(at: closing &+ 1)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            let isObject = first == UInt8(ascii: "{")
            try nesting.open(isObject: isObject)
            if isObject { order.beginObject(at: start) }
            endToken(at: start &+ 1)
            passSpace(document)
            // The closing bracket stands two behind the opening one in ASCII.
            return position == document.count || document[unchecked: position] != first &+ 2
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
            endToken(at: try JSONScan.endOfLiteral(document, from: start))
        default:
            var spelling = JSONScan.Spelling.plain
            let end = try JSONScan.endOfNumber(document, from: start, spelling: &spelling)
            if spelling == .foreign {
                try edits.respellNumber(document, start..<end)
            }
            endToken(at: end)
        }
        return false
    }

    /// Reads what stands between the end of a value, or of what opens an empty container, and the
    /// next value or its name.
    ///
    /// - Returns: Whether there is one.
    @inline(__always)
    private mutating func readOn(_ document: Span<UInt8>) throws(JSONError) -> Bool {
        while nesting.depth > 0 {
            passSpace(document)
            guard position < document.count else { throw .invalid }
            let isInObject = nesting.isInObject
            switch document[unchecked: position] {
            case UInt8(ascii: ","):
                position &+= 1
                passSpace(document)
                return true
            case UInt8(ascii: "}") where isInObject:
                try order.endObject(
                    document, lastMemberEnd: previousEnd, closing: edits.place(at: position))
                nesting.close()
                endToken(at: position &+ 1)
            case UInt8(ascii: "]") where !isInObject:
                nesting.close()
                endToken(at: position &+ 1)
            default:
                throw .invalid
            }
        }
        // Space behind the document is not part of the canonical text.
        guard JSONScan.endOfSpace(document, from: position) == document.count else {
            throw .invalid
        }
        return false
    }

    /// Reads a name, its colon, and the space behind it.
    @inline(__always)
    private mutating func readName(_ document: Span<UInt8>) throws(JSONError) {
        let start = position
        guard start < document.count, document[unchecked: start] == UInt8(ascii: "\"") else {
            throw .invalid
        }
        var spelling = JSONScan.Spelling.plain
        let closing = try JSONScan.endOfString(document, from: start &+ 1, spelling: &spelling)
        let colon = JSONScan.endOfSpace(document, from: closing &+ 1)
        guard colon < document.count, document[unchecked: colon] == UInt8(ascii: ":") else {
            throw .invalid
        }
        try order.beginMember(
            document, name: start &+ 1..<closing, isEscaped: spelling != .plain,
            at: edits.place(at: start), previousMemberEnd: previousEnd)
        if spelling == .foreign {
            edits.respellString(document, start &+ 1..<closing)
        }
        edits.drop(closing &+ 1..<colon)
        endToken(at: colon &+ 1)
        passSpace(document)
    }

    @inline(__always)
    private mutating func endToken(at end: Int) {
        position = end
        previousEnd = end
    }

    @inline(__always)
    private mutating func passSpace(_ document: Span<UInt8>) {
        let start = position
        position = JSONScan.endOfSpace(document, from: start)
        edits.drop(start..<position)
    }
}
