/// Which objects of a document have members out of order, and in which order these belong.
///
/// The members of open objects form one stack. An object that ends in order leaves no trace; one out
/// of order leaves the sorted places of its members. So nothing is moved while reading, and writing
/// moves each byte once, however deep the objects are nested.
struct MemberOrder: ~Copyable {
    /// A member of an object that is open.
    struct Member: BitwiseCopyable {
        /// Its name.
        let name: MemberNames.Name
        /// Where its name's first quote stands.
        let start: DocumentEdits.Place
        /// The offset after its value, once that is known.
        var end: UInt32 = 0
        /// How many objects begin before its value.
        let firstObject: UInt32
    }

    /// An object that has begun and not ended.
    struct OpenObject: BitwiseCopyable {
        /// Its index in the list of ``MemberPermutation``.
        var index: UInt32 = 0
        /// The index of its first member.
        var firstMember: UInt32 = 0
        /// Whether its members came in order so far.
        var isInOrder = true
    }

    private var names = MemberNames()
    private var members = ScratchList<Member>(capacity: 32)
    // The object that began last, and those around it.
    private var innermost = OpenObject()
    private var outer = ScratchList<OpenObject>(capacity: 16)
    private var permutation = MemberPermutation()

    /// Notes that an object begins.
    ///
    /// - Parameter offset: Where its `{` stands in the document.
    @inline(__always)
    mutating func beginObject(at offset: Int) {
        outer.append(innermost)
        innermost = OpenObject(
            index: UInt32(truncatingIfNeeded: permutation.count),
            firstMember: UInt32(truncatingIfNeeded: members.count))
        permutation.beginObject(at: offset)
    }

    /// Notes that a member of the object that began last begins.
    ///
    /// - Parameters:
    ///   - document: The document, shorter than ``CanonicalJSON/maximumLength``.
    ///   - name: The range of its name between the quotes.
    ///   - isEscaped: Whether the name has escapes.
    ///   - start: Where the name's first quote stands.
    /// - Throws: ``JSONError/duplicateName`` when the name is that of the member before.
    @inline(__always)
    mutating func beginMember(
        _ document: Span<UInt8>, name: Range<Int>, isEscaped: Bool, at start: DocumentEdits.Place
    ) throws(JSONError) {
        let name = names.add(document, name, isEscaped: isEscaped)
        if innermost.isInOrder, members.count > Int(innermost.firstMember) {
            let difference = names.compare(document, members[members.count &- 1].name, name)
            guard difference != 0 else { throw .duplicateName }
            innermost.isInOrder = difference < 0
        }
        members.append(
            Member(
                name: name, start: start,
                firstObject: UInt32(truncatingIfNeeded: permutation.count)))
    }

    /// Notes the offset after the value of the member that began last and has not ended.
    @inline(__always)
    mutating func endMember(at end: Int) {
        members[members.count &- 1].end = UInt32(truncatingIfNeeded: end)
    }

    /// Notes that the object that began last ends.
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
        if innermost.isInOrder {
            permutation.endOrderedObject(Int(innermost.index))
        } else {
            endMember(at: lastEnd)
            try putInOrder(document, closing: closing)
        }
        members.removeAll(from: Int(innermost.firstMember))
        let last = outer.count &- 1
        innermost = outer[last]
        outer.removeAll(from: last)
    }

    private mutating func putInOrder(
        _ document: Span<UInt8>, closing: DocumentEdits.Place
    ) throws(JSONError) {
        let first = Int(innermost.firstMember)
        if members.count &- first <= 16 {
            try insertionSort(document, from: first)
        } else {
            try mergeSort(document, from: first)
        }
        for index in first..<members.count {
            let member = members[index]
            permutation.addMember(
                MemberPermutation.Member(
                    start: member.start, end: member.end, firstObject: member.firstObject))
        }
        permutation.endDisorderedObject(
            Int(innermost.index), members: members.count &- first, closing: closing)
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

    /// Finds every duplicate: a member is compared with those that it passes and the one where it stops.
    private mutating func insertionSort(
        _ document: Span<UInt8>, from first: Int
    ) throws(JSONError) {
        var index = first &+ 1
        while index < members.count {
            let member = members[index]
            var hole = index
            while hole > first {
                let other = members[hole &- 1]
                let difference = names.compare(document, other.name, member.name)
                guard difference != 0 else { throw .duplicateName }
                if difference < 0 { break }
                members[hole] = other
                hole &-= 1
            }
            members[hole] = member
            index &+= 1
        }
    }

    /// Takes n log n comparisons whatever the names are, since a client chooses them.
    private mutating func mergeSort(
        _ document: Span<UInt8>, from first: Int
    ) throws(JSONError) {
        var source: [Member] = []
        for index in first..<members.count { source.append(members[index]) }
        var target = source
        var width = 1
        while width < source.count {
            for start in stride(from: 0, to: source.count, by: width * 2) {
                let middle = min(start + width, source.count)
                let end = min(middle + width, source.count)
                var (left, right) = (start, middle)
                for index in start..<end {
                    let takesLeft =
                        right == end
                        || left < middle
                            && names.compare(document, source[left].name, source[right].name) <= 0
                    target[index] = takesLeft ? source[left] : source[right]
                    left += takesLeft ? 1 : 0
                    right += takesLeft ? 0 : 1
                }
            }
            swap(&source, &target)
            width *= 2
        }
        for (index, member) in source.enumerated() {
            if index > 0, names.compare(document, source[index - 1].name, member.name) == 0 {
                throw .duplicateName
            }
            members[first + index] = member
        }
    }
}
