/// Finds out which objects of a document have members out of order, and in which order these belong.
///
/// The members of open objects form one stack. An object that ends in order leaves it to the object
/// around; one out of order leaves the sorted indices of its members in ``MemberPermutation``. So
/// nothing is moved while reading, and writing moves each byte once, however deep objects are nested.
struct MemberOrder: ~Copyable {
    /// An object that has begun and not ended.
    struct OpenObject: BitwiseCopyable {
        /// Its index in the list of ``MemberPermutation``.
        var index: UInt32 = 0
        /// The place of its first member in the stack.
        var firstMember: UInt32 = 0
        /// Whether its members came in order so far.
        var isInOrder = true
    }

    private var names = MemberNames()
    private var permutation: MemberPermutation
    // The members of the open objects: the beginnings of their names, and their indices. Apart, since
    // the processor is slow to load as one what it has just stored as two.
    private var prefixes = ScratchList<MemberNames.Prefix>(capacity: 32)
    private var indices = ScratchList<UInt32>(capacity: 32)
    // The object that began last, and those around it.
    private var innermost = OpenObject()
    private var outer = ScratchList<OpenObject>(capacity: 16)

    /// Makes an empty order.
    ///
    /// - Parameter length: How long the document is. Lists that are too short are copied as they
    ///   grow, and memory that is not used costs nothing; so there is room for a member in every 32
    ///   bytes, within bounds.
    init(documentLength length: Int) {
        permutation = MemberPermutation(capacity: max(16, min(length / 32, 4096)))
    }

    /// Notes that an object begins.
    ///
    /// - Parameter offset: Where its `{` stands in the document.
    @inline(__always)
    mutating func beginObject(at offset: Int) {
        outer.append(innermost)
        innermost = OpenObject(
            index: UInt32(truncatingIfNeeded: permutation.count),
            firstMember: UInt32(truncatingIfNeeded: indices.count))
        permutation.beginObject(at: offset)
    }

    /// Notes that a member of the object that began last begins.
    ///
    /// - Parameters:
    ///   - document: The document, shorter than ``CanonicalJSON/maximumLength``.
    ///   - nameStart: Where its name begins, behind the quote.
    ///   - nameEnd: Where the name's closing quote stands.
    ///   - isEscaped: Whether the name has escapes.
    ///   - start: Where the name's first quote stands.
    /// - Throws: ``JSONError/duplicateName`` when the name is that of the member before.
    @inline(__always)
    mutating func beginMember(
        _ document: Span<UInt8>, name nameStart: Int, _ nameEnd: Int, isEscaped: Bool,
        at start: DocumentEdits.Place
    ) throws(JSONError) {
        let (prefix, name) = names.add(document, from: nameStart, to: nameEnd, isEscaped: isEscaped)
        let index = permutation.beginMember(name, at: start)
        if innermost.isInOrder, indices.count > Int(innermost.firstMember) {
            let last = indices.count &- 1
            let difference = compare(document, prefixes[last], indices[last], prefix, index)
            guard difference != 0 else { throw .duplicateName }
            innermost.isInOrder = difference < 0
        }
        prefixes.append(prefix)
        indices.append(index)
    }

    /// Notes the offset after the value of the member that began last and has not ended.
    @inline(__always)
    mutating func endMember(at end: Int) {
        permutation.endMember(indices[indices.count &- 1], at: end)
    }

    /// Notes that the object that began last ends; there must be one that has not ended.
    ///
    /// - Parameters:
    ///   - document: The document.
    ///   - lastEnd: The offset after the value of its last member, if it has any.
    ///   - closing: Where its `}` stands.
    /// - Throws: ``JSONError/duplicateName`` when two of its members have the same name.
    @inline(__always)
    mutating func endObject(
        _ document: Span<UInt8>, lastMemberEnd lastEnd: Int, closing: DocumentEdits.Place
    ) throws(JSONError) {
        let first = Int(innermost.firstMember)
        if innermost.isInOrder {
            permutation.endOrderedObject(Int(innermost.index))
        } else {
            endMember(at: lastEnd)
            try putInOrder(document, from: first)
            permutation.endDisorderedObject(
                Int(innermost.index), members: indices.count &- first, closing: closing)
        }
        prefixes.removeAll(from: first)
        indices.removeAll(from: first)
        let last = outer.count &- 1
        innermost = outer[last]
        outer.removeAll(from: last)
    }

    /// Appends a document with its edits made and all members in order.
    ///
    /// - Parameters:
    ///   - document: The document that was read.
    ///   - end: The offset after its last token.
    ///   - edits: Its edits.
    ///   - output: What the text is appended to.
    func append(
        _ document: Span<UInt8>, upTo end: Int, _ edits: borrowing DocumentEdits,
        to output: inout [UInt8]
    ) {
        permutation.append(document, upTo: end, edits, to: &output)
    }

    @inline(__always)
    private func compare(
        _ document: Span<UInt8>, _ leftPrefix: MemberNames.Prefix, _ left: UInt32,
        _ rightPrefix: MemberNames.Prefix, _ right: UInt32
    ) -> Int {
        if leftPrefix != rightPrefix {
            return leftPrefix < rightPrefix ? -1 : 1
        }
        return names.compare(document, permutation.name(left), permutation.name(right))
    }

    private mutating func putInOrder(
        _ document: Span<UInt8>, from first: Int
    ) throws(JSONError) {
        if indices.count &- first <= 16 {
            try insertionSort(document, from: first)
        } else {
            try mergeSort(document, from: first)
        }
        var place = first
        while place < indices.count {
            permutation.addToOrder(indices[place])
            place &+= 1
        }
    }

    /// Finds every duplicate: a member is compared with those that it passes and the one where it
    /// stops.
    @inline(__always)
    private mutating func insertionSort(
        _ document: Span<UInt8>, from first: Int
    ) throws(JSONError) {
        var place = first &+ 1
        while place < indices.count {
            let (prefix, index) = (prefixes[place], indices[place])
            var hole = place
            while hole > first {
                let (otherPrefix, other) = (prefixes[hole &- 1], indices[hole &- 1])
                let difference = compare(document, otherPrefix, other, prefix, index)
                guard difference != 0 else { throw .duplicateName }
                if difference < 0 { break }
                prefixes[hole] = otherPrefix
                indices[hole] = other
                hole &-= 1
            }
            prefixes[hole] = prefix
            indices[hole] = index
            place &+= 1
        }
    }

    /// Takes n log n comparisons whatever the names are, since a client chooses them.
    @inline(never)
    private mutating func mergeSort(
        _ document: Span<UInt8>, from first: Int
    ) throws(JSONError) {
        // Nothing but the prefix and the index in one list, which leads to fewer lists.
        var source: [(prefix: MemberNames.Prefix, index: UInt32)] = []
        for place in first..<indices.count { source.append((prefixes[place], indices[place])) }
        var target = source
        func compare(_ left: Int, _ right: Int) -> Int {
            self.compare(
                document, source[left].prefix, source[left].index, source[right].prefix,
                source[right].index)
        }
        var width = 1
        while width < source.count {
            for start in stride(from: 0, to: source.count, by: width * 2) {
                let middle = min(start + width, source.count)
                let end = min(middle + width, source.count)
                var (left, right) = (start, middle)
                for index in start..<end {
                    let takesLeft =
                        right == end || left < middle && compare(left, right) <= 0
                    target[index] = takesLeft ? source[left] : source[right]
                    left += takesLeft ? 1 : 0
                    right += takesLeft ? 0 : 1
                }
            }
            swap(&source, &target)
            width *= 2
        }
        for place in source.indices {
            guard place == 0 || compare(place - 1, place) != 0 else { throw .duplicateName }
            indices[first + place] = source[place].index
        }
    }
}
