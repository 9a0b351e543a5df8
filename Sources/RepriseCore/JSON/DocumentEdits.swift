/// The places where a document's text differs from its canonical text, member order aside.
///
/// The document stays as it is; what needs no edit is copied from it in runs as long as possible.
struct DocumentEdits {
    /// An offset in the document, with the number of edits that stand before it.
    struct Place {
        let offset: UInt32
        let edit: UInt32
    }

    /// A piece of the document and the text that stands in its place: the replacements from
    /// `replacement` on, up to where those of the next edit begin.
    private struct Edit {
        let start: UInt32
        let end: UInt32
        let replacement: UInt32
    }

    private var edits: [Edit] = []
    private var replacements: [UInt8] = []

    /// Gives the place of an offset that no later edit will stand before.
    func place(at offset: Int) -> Place {
        Place(offset: UInt32(offset), edit: UInt32(edits.count))
    }

    /// Drops a piece of the document; edits are noted from left to right.
    mutating func drop(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        note(range, from: replacements.count)
    }

    /// Replaces a piece of the document by a byte.
    mutating func replace(_ range: Range<Int>, with byte: UInt8) {
        replacements.append(byte)
        note(range, from: replacements.count - 1)
    }

    /// Replaces the inside of a string by its canonical spelling.
    mutating func respellString(_ document: Span<UInt8>, _ range: Range<Int>) {
        let start = replacements.count
        JSONText.appendCanonical(document, range, to: &replacements)
        note(range, from: start)
    }

    /// Replaces a number by its canonical spelling.
    ///
    /// - Throws: ``JSONError/invalid`` when it has none; see ``JSONDecimal``.
    mutating func respellNumber(
        _ document: Span<UInt8>, _ range: Range<Int>
    ) throws(JSONError) {
        guard let decimal = JSONDecimal(document, range) else { throw .invalid }
        let start = replacements.count
        decimal.append(document, to: &replacements)
        note(range, from: start)
    }

    private mutating func note(_ range: Range<Int>, from replacement: Int) {
        edits.append(
            Edit(
                start: UInt32(range.lowerBound), end: UInt32(range.upperBound),
                replacement: UInt32(replacement)))
    }

    /// Appends a piece of the document with its edits made.
    ///
    /// - Parameters:
    ///   - document: The document.
    ///   - start: Where the piece begins; not within an edit.
    ///   - end: The offset where it ends; not within an edit.
    ///   - output: What the piece is appended to.
    func append(
        _ document: Span<UInt8>, from start: Place, to end: UInt32, to output: inout [UInt8]
    ) {
        var position = Int(start.offset)
        var index = Int(start.edit)
        while index < edits.count, edits[index].start < end {
            let edit = edits[index]
            index += 1
            output.append(copying: document.extracting(position..<Int(edit.start)))
            let next = index < edits.count ? Int(edits[index].replacement) : replacements.count
            if next > Int(edit.replacement) {
                output.append(copying: replacements.span.extracting(Int(edit.replacement)..<next))
            }
            position = Int(edit.end)
        }
        output.append(copying: document.extracting(position..<Int(end)))
    }
}
