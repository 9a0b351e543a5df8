/// Turns a document into canonical text whose members still stand in the order they came, and
/// notes which objects have to be put in order.
///
/// The text is the document with edits. What needs no edit is left where it is and copied in runs as
/// long as possible; a document that needs none at all is not copied here.
struct CanonicalReader {
    private var tokenizer = JSONTokenizer()
    private var text: [UInt8] = []
    // The document stands in `text` up to this offset.
    private var copied = 0
    // The offset after the token that was read last.
    private var previousEnd = 0
    private var order = MemberOrder()

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
                    respell(document, range)
                }
            case .number(let range):
                if tokenizer.spelling == .foreign {
                    try respellNumber(document, range)
                }
            case .beginObject:
                order.beginObject(at: textOffset(of: tokenizer.tokenStart))
            case .endObject:
                try order.endObject(document, at: textOffset(of: tokenizer.offset))
            case .beginArray, .endArray, .bool, .null:
                break
            }
            previousEnd = tokenizer.offset
        }
    }

    /// Appends the canonical text of the document that was read.
    mutating func append(_ document: Span<UInt8>, to output: inout [UInt8]) {
        if text.isEmpty {
            order.append(document.extracting(copied..<previousEnd), to: &output)
        } else {
            copy(document, upTo: previousEnd)
            order.append(text.span, to: &output)
        }
    }

    private mutating func readName(
        _ document: Span<UInt8>, _ range: Range<Int>
    ) throws(JSONError) {
        try order.beginMember(
            document, name: range, isEscaped: tokenizer.spelling != .plain,
            at: textOffset(of: tokenizer.tokenStart))
        if tokenizer.spelling == .foreign {
            respell(document, range)
        }
        if tokenizer.offset > range.upperBound + 2 {
            copy(document, upTo: range.upperBound + 1)
            text.append(UInt8(ascii: ":"))
            copied = tokenizer.offset
        }
    }

    private mutating func dropSpace(_ document: Span<UInt8>) {
        copy(document, upTo: previousEnd)
        if tokenizer.passedComma {
            text.append(UInt8(ascii: ","))
        }
        copied = tokenizer.tokenStart
    }

    private mutating func respell(_ document: Span<UInt8>, _ range: Range<Int>) {
        copy(document, upTo: range.lowerBound)
        JSONText.appendCanonical(document, range, to: &text)
        copied = range.upperBound
    }

    private mutating func respellNumber(
        _ document: Span<UInt8>, _ range: Range<Int>
    ) throws(JSONError) {
        guard let decimal = JSONDecimal(document, range) else { throw .invalid }
        copy(document, upTo: range.lowerBound)
        decimal.append(document, to: &text)
        copied = range.upperBound
    }

    private mutating func copy(_ document: Span<UInt8>, upTo end: Int) {
        guard end > copied else { return }
        if text.isEmpty {
            text.reserveCapacity(document.count)
        }
        text.append(copying: document.extracting(copied..<end))
    }

    /// Where a byte of the document that has not been copied yet is to stand in the text.
    private func textOffset(of offset: Int) -> Int {
        text.count + offset - copied
    }
}
