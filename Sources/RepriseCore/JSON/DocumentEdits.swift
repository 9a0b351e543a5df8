/// The places where a document's text differs from its canonical text, member order aside.
///
/// The document stays as it is; what needs no edit is copied from it in runs as long as possible.
struct DocumentEdits: ~Copyable {
    /// An offset in the document, with the number of edits that stand before it.
    struct Place: BitwiseCopyable {
        /// The offset.
        let offset: UInt32
        /// The number of edits.
        let edit: UInt32
    }

    /// A piece of the document and the text that stands in its place: the replacements from
    /// `replacement` on, up to where those of the next edit begin.
    struct Edit: BitwiseCopyable {
        /// Where the piece begins.
        let start: UInt32
        /// The offset after it.
        let end: UInt32
        /// Where its replacement begins.
        let replacement: UInt32
    }

    private var edits = ScratchList<Edit>(capacity: 16)
    private var replacements: [UInt8] = []

    /// The most bytes that the edits add to a document: those by which numbers become longer.
    private(set) var mostAdded = 0

    /// Gives the place of an offset that no later edit will stand before.
    @inline(__always)
    func place(at offset: Int) -> Place {
        Place(
            offset: UInt32(truncatingIfNeeded: offset),
            edit: UInt32(truncatingIfNeeded: edits.count))
    }

    /// Drops a piece of the document; edits are noted from left to right.
    @inline(__always)
    mutating func drop(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        note(range, from: replacements.count)
    }

    /// Replaces the inside of a string by its canonical spelling.
    mutating func respellString(_ document: Span<UInt8>, _ range: Range<Int>) {
        let start = replacements.count
        JSONText.appendCanonical(document, range, to: &replacements)
        note(range, from: start)
    }

    /// Replaces a number by its canonical spelling.
    ///
    /// - Throws: ``JSONError/invalid`` when it has none (see ``JSONDecimal``), and when numbers have
    ///   become so much longer that their offsets could leave 32 bits. Strings never become longer.
    mutating func respellNumber(
        _ document: Span<UInt8>, _ range: Range<Int>
    ) throws(JSONError) {
        let start = replacements.count
        guard start < CanonicalJSON.maximumLength,
            let decimal = JSONDecimal(document, range)
        else { throw .invalid }
        decimal.append(document, to: &replacements)
        mostAdded += max(0, replacements.count - start - range.count)
        note(range, from: start)
    }

    private mutating func note(_ range: Range<Int>, from replacement: Int) {
        edits.append(
            Edit(
                start: UInt32(truncatingIfNeeded: range.lowerBound),
                end: UInt32(truncatingIfNeeded: range.upperBound),
                replacement: UInt32(truncatingIfNeeded: replacement)))
    }

    /// Appends a piece of the document with its edits made.
    ///
    /// - Parameters:
    ///   - document: The document.
    ///   - start: Where the piece begins; not within an edit.
    ///   - end: The offset where it ends; not within an edit.
    ///   - output: What the piece is appended to.
    @inline(__always)
    func append(
        _ document: Span<UInt8>, from start: Place, to end: UInt32,
        to output: inout PieceWriter
    ) {
        let first = Int(start.edit)
        var position = Int(start.offset)
        if first < edits.count, edits[first].start < end {
            // A copy is handed on, so that the writer itself can stay in registers.
            var writer = output
            position = appendEdited(document, from: start, to: end, to: &writer)
            output = writer
        }
        output.append(copying: document, from: position, to: Int(end))
    }

    @inline(never)
    private func appendEdited(
        _ document: Span<UInt8>, from start: Place, to end: UInt32,
        to output: inout PieceWriter
    ) -> Int {
        var position = Int(start.offset)
        var index = Int(start.edit)
        while index < edits.count, edits[index].start < end {
            let edit = edits[index]
            index &+= 1
            output.append(copying: document, from: position, to: Int(edit.start))
            let next = index < edits.count ? Int(edits[index].replacement) : replacements.count
            if next > Int(edit.replacement) {
                output.append(
                    copying: replacements.span, from: Int(edit.replacement), to: next)
            }
            position = Int(edit.end)
        }
        return position
    }
}
