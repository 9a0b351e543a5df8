/// Reads a document and notes what its canonical text needs: edits, and members put in order.
///
/// It knows the grammar for itself: tokens from ``JSONTokenizer`` would be handed over twice. What
/// strings, numbers and literals are, both know from ``JSONScan``.
struct CanonicalReader: ~Copyable {
    private var edits = DocumentEdits()
    private var order = MemberOrder()
    // The offset after the document's last token.
    private var end = 0

    /// Reads a whole document; to be called once.
    mutating func read(_ document: Span<UInt8>) throws(JSONError) {
        var nesting = JSONNesting()
        var position = passSpace(document, from: 0)
        while true {
            if nesting.isInObject {
                position = try readName(document, at: position)
            }
            guard position < document.count else { throw .invalid }
            let first = document[unchecked: position]
            if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
                let isObject = first == UInt8(ascii: "{")
                try nesting.open(isObject: isObject)
                if isObject { order.beginObject(at: position) }
                position = passSpace(document, from: position &+ 1)
                // The closing bracket stands two behind the opening one in ASCII.
                if position == document.count || document[unchecked: position] != first &+ 2 {
                    continue
                }
            } else {
                position = try readScalar(document, at: position, first: first)
            }
            guard
                let next = try readOn(document, from: position, nesting: &nesting)
            else { return }
            position = next
        }
    }

    /// Appends the canonical text of the document that was read.
    func append(_ document: Span<UInt8>, to output: inout [UInt8]) {
        order.append(document, upTo: end, edits, to: &output)
    }

    /// Reads a value that is no container.
    ///
    /// - Returns: The offset after it.
    @inline(__always)
    private mutating func readScalar(
        _ document: Span<UInt8>, at start: Int, first: UInt8
    ) throws(JSONError) -> Int {
        switch first {
        case UInt8(ascii: "\""):
            var spelling = JSONScan.Spelling.plain
            let closing = try JSONScan.endOfString(document, from: start &+ 1, spelling: &spelling)
            if spelling == .foreign {
                edits.respellString(document, start &+ 1..<closing)
            }
            return closing &+ 1
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
            return try JSONScan.endOfLiteral(document, from: start)
        default:
            var spelling = JSONScan.Spelling.plain
            let end = try JSONScan.endOfNumber(document, from: start, spelling: &spelling)
            if spelling == .foreign {
                try edits.respellNumber(document, start..<end)
            }
            return end
        }
    }

    /// Reads what stands between the end of a value, or the bracket that closes an empty container,
    /// and the next value or its name.
    ///
    /// - Returns: The offset of that; nil when the document is complete.
    @inline(__always)
    private mutating func readOn(
        _ document: Span<UInt8>, from start: Int, nesting: inout JSONNesting
    ) throws(JSONError) -> Int? {
        var valueEnd = start
        while nesting.depth > 0 {
            let position = passSpace(document, from: valueEnd)
            guard position < document.count else { throw .invalid }
            let isInObject = nesting.isInObject
            switch document[unchecked: position] {
            case UInt8(ascii: ","):
                if isInObject { order.endMember(at: valueEnd) }
                return passSpace(document, from: position &+ 1)
            case UInt8(ascii: "}") where isInObject:
                try order.endObject(
                    document, lastMemberEnd: valueEnd, closing: edits.place(at: position))
            case UInt8(ascii: "]") where !isInObject:
                break
            default:
                throw .invalid
            }
            nesting.close()
            valueEnd = position &+ 1
        }
        // Space behind the document is not part of the canonical text.
        guard JSONScan.endOfSpace(document, from: valueEnd) == document.count else {
            throw .invalid
        }
        end = valueEnd
        return nil
    }

    /// Reads a name, its colon, and the space behind it.
    ///
    /// - Returns: The offset where the member's value must begin.
    @inline(__always)
    private mutating func readName(
        _ document: Span<UInt8>, at start: Int
    ) throws(JSONError) -> Int {
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
            at: edits.place(at: start))
        if spelling == .foreign {
            edits.respellString(document, start &+ 1..<closing)
        }
        edits.drop(closing &+ 1..<colon)
        return passSpace(document, from: colon &+ 1)
    }

    /// Passes over white space, which is dropped.
    ///
    /// - Returns: The offset after it.
    @inline(__always)
    private mutating func passSpace(_ document: Span<UInt8>, from start: Int) -> Int {
        guard start < document.count, document[unchecked: start] <= 0x20 else { return start }
        return dropSpace(document, from: start)
    }

    @inline(never)
    private mutating func dropSpace(_ document: Span<UInt8>, from start: Int) -> Int {
        let end = JSONScan.endOfSpace(document, from: start)
        edits.drop(start..<end)
        return end
    }
}
