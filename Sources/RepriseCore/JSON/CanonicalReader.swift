/// Reads a document and notes what its canonical text needs: edits, and members put in order.
///
/// It knows the grammar for itself: tokens from ``JSONTokenizer`` would be handed over twice. What
/// strings, numbers and literals are, both know from ``JSONScan``.
struct CanonicalReader: ~Copyable {
    /// A byte other than white space, and where it stands; zero at the end of the document.
    private struct Lead {
        let byte: UInt8
        let offset: Int
    }

    private var edits = DocumentEdits()
    private var order: MemberOrder
    // The offset after the document's last token.
    private var end = 0

    /// Makes a reader of a document that is so many bytes long.
    init(documentLength: Int) {
        order = MemberOrder(documentLength: documentLength)
    }

    /// Reads a whole document; to be called once.
    mutating func read(_ document: Span<UInt8>) throws(JSONError) {
        var nesting = JSONNesting()
        var lead = passSpace(document, from: 0)
        while true {
            if nesting.isInObject {
                lead = try readName(document, at: lead)
            }
            var valueEnd: Int
            if lead.byte == UInt8(ascii: "\"") {
                valueEnd = try readString(document, from: lead.offset &+ 1)
            } else if lead.byte | 0x20 == UInt8(ascii: "{") {
                let opening = lead
                let isObject = opening.byte == UInt8(ascii: "{")
                try nesting.open(isObject: isObject)
                if isObject { order.beginObject(at: opening.offset) }
                lead = passSpace(document, from: opening.offset &+ 1)
                // The closing bracket stands two behind the opening one in ASCII.
                guard lead.byte == opening.byte &+ 2 else { continue }
                valueEnd = lead.offset
            } else {
                valueEnd = try readWord(document, at: lead)
            }
            lead = passSpace(document, from: valueEnd)
            while nesting.depth > 0, lead.byte != UInt8(ascii: ",") {
                let isInObject = nesting.isInObject
                guard lead.byte == (isInObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                    throw .invalid
                }
                if isInObject {
                    try order.endObject(
                        document, lastMemberEnd: valueEnd, closing: edits.place(at: lead.offset))
                }
                nesting.close()
                valueEnd = lead.offset &+ 1
                lead = passSpace(document, from: valueEnd)
            }
            guard nesting.depth > 0 else {
                // Space behind the document is not part of the canonical text.
                end = valueEnd
                guard lead.offset == document.count else { throw .invalid }
                return
            }
            if nesting.isInObject { order.endMember(at: valueEnd) }
            lead = passSpace(document, from: lead.offset &+ 1)
        }
    }

    /// Appends the canonical text of the document that was read.
    func append(_ document: Span<UInt8>, to output: inout [UInt8]) {
        order.append(document, upTo: end, edits, to: &output)
    }

    /// Reads a name, its colon, and the space behind it.
    ///
    /// - Returns: The first byte of the member's value.
    @inline(__always)
    private mutating func readName(
        _ document: Span<UInt8>, at lead: Lead
    ) throws(JSONError) -> Lead {
        guard lead.byte == UInt8(ascii: "\"") else { throw .invalid }
        let start = lead.offset &+ 1
        // Most names are short and plain, and a colon follows at once.
        if start &+ PlainBlock.length < document.count {
            let block = PlainBlock(document, at: start)
            let length = block.end
            // So the colon lies behind the block at most, which was compared with the bounds.
            if length < PlainBlock.length,
                document[unchecked: start &+ length] == UInt8(ascii: "\""),
                document[unchecked: start &+ length &+ 1] == UInt8(ascii: ":")
            {
                try order.beginMember(
                    document,
                    MemberNames.Name(prefix: block.prefix, start: start, length: length),
                    at: edits.place(at: lead.offset))
                return passSpace(document, from: start &+ length &+ 2)
            }
        }
        return try readOtherName(document, from: start)
    }

    @inline(never)
    private mutating func readOtherName(
        _ document: Span<UInt8>, from start: Int
    ) throws(JSONError) -> Lead {
        var spelling = JSONScan.Spelling.plain
        let closing = try JSONScan.endOfString(document, from: start, spelling: &spelling)
        let colon = JSONScan.endOfSpace(document, from: closing &+ 1)
        guard colon < document.count, document[unchecked: colon] == UInt8(ascii: ":") else {
            throw .invalid
        }
        let name = order.names.add(document, start..<closing, isEscaped: spelling != .plain)
        try order.beginMember(document, name, at: edits.place(at: start &- 1))
        if spelling == .foreign {
            edits.respellString(document, start..<closing)
        }
        edits.drop(closing &+ 1..<colon)
        return passSpace(document, from: colon &+ 1)
    }

    /// Reads a string behind its opening quote.
    ///
    /// - Returns: The offset after the closing one.
    @inline(__always)
    private mutating func readString(
        _ document: Span<UInt8>, from start: Int
    ) throws(JSONError) -> Int {
        if start &+ PlainBlock.length <= document.count {
            let length = PlainBlock(document, at: start).end
            if length < PlainBlock.length,
                document[unchecked: start &+ length] == UInt8(ascii: "\"")
            {
                return start &+ length &+ 1
            }
        }
        return try readOtherString(document, from: start)
    }

    @inline(never)
    private mutating func readOtherString(
        _ document: Span<UInt8>, from start: Int
    ) throws(JSONError) -> Int {
        var spelling = JSONScan.Spelling.plain
        let closing = try JSONScan.endOfString(document, from: start, spelling: &spelling)
        if spelling == .foreign {
            edits.respellString(document, start..<closing)
        }
        return closing &+ 1
    }

    /// Reads a number, `true`, `false` or `null`.
    ///
    /// - Returns: The offset after it.
    @inline(never)
    private mutating func readWord(
        _ document: Span<UInt8>, at lead: Lead
    ) throws(JSONError) -> Int {
        switch lead.byte {
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
            return try JSONScan.endOfLiteral(document, from: lead.offset)
        default:
            var spelling = JSONScan.Spelling.plain
            let end = try JSONScan.endOfNumber(document, from: lead.offset, spelling: &spelling)
            if spelling == .foreign {
                try edits.respellNumber(document, lead.offset..<end)
            }
            return end
        }
    }

    /// Passes over white space, which is dropped.
    @inline(__always)
    private mutating func passSpace(_ document: Span<UInt8>, from start: Int) -> Lead {
        if start < document.count {
            let byte = document[unchecked: start]
            if byte > 0x20 { return Lead(byte: byte, offset: start) }
        }
        return dropSpace(document, from: start)
    }

    @inline(never)
    private mutating func dropSpace(_ document: Span<UInt8>, from start: Int) -> Lead {
        let end = JSONScan.endOfSpace(document, from: start)
        edits.drop(start..<end)
        let byte = end < document.count ? document[unchecked: end] : 0
        return Lead(byte: byte, offset: end)
    }
}
