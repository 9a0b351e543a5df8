/// Reads a document and notes what its canonical text needs: edits, and members put in order.
struct CanonicalReader {
    private var tokenizer = JSONTokenizer()
    private var edits = DocumentEdits()
    private var order = MemberOrder()
    // The offset after the token that was read last.
    private var previousEnd = 0

    /// Reads a whole document; to be called once.
    mutating func read(_ document: Span<UInt8>) throws(JSONError) {
        while let token = try tokenizer.next(document) {
            if tokenizer.passedSpace {
                dropSpace(document)
            }
            switch token {
            case .name(let range):
                try readName(document, range)
            case .string(let range):
                if tokenizer.spelling == .foreign {
                    edits.respellString(document, range)
                }
            case .number(let range):
                if tokenizer.spelling == .foreign {
                    try edits.respellNumber(document, range)
                }
                while let space = tokenizer.passCanonicalNumbers(document) {
                    edits.drop(space)
                }
            case .beginObject:
                order.beginObject(at: tokenizer.tokenStart)
            case .endObject:
                try order.endObject(
                    document, lastMemberEnd: previousEnd,
                    closing: edits.place(at: tokenizer.tokenStart))
            case .beginArray, .endArray, .bool, .null:
                break
            }
            previousEnd = tokenizer.offset
        }
    }

    /// Appends the canonical text of the document that was read.
    func append(_ document: Span<UInt8>, to output: inout [UInt8]) {
        order.append(document, upTo: previousEnd, edits, to: &output)
    }

    private mutating func readName(
        _ document: Span<UInt8>, _ range: Range<Int>
    ) throws(JSONError) {
        try order.beginMember(
            document, name: range, isEscaped: tokenizer.spelling != .plain,
            at: edits.place(at: tokenizer.tokenStart), previousMemberEnd: previousEnd)
        if tokenizer.spelling == .foreign {
            edits.respellString(document, range)
        }
        edits.drop(range.upperBound + 1..<tokenizer.offset - 1)
    }

    private mutating func dropSpace(_ document: Span<UInt8>) {
        var gap = previousEnd..<tokenizer.tokenStart
        if tokenizer.passedComma {
            guard document[previousEnd] == UInt8(ascii: ",") else {
                edits.replace(gap, with: UInt8(ascii: ","))
                return
            }
            gap = previousEnd + 1..<tokenizer.tokenStart
        }
        edits.drop(gap)
    }
}
