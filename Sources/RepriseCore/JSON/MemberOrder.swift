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
        let index: Int
        /// The index of its first member.
        let firstMember: Int
        /// Whether its members came in order so far.
        var isInOrder = true
    }

    private var names = MemberNames()
    private var members = ScratchList<Member>(capacity: 32)
    private var open = ScratchList<OpenObject>(capacity: 16)
    private var permutation = MemberPermutation()

    /// Notes that an object begins.
    ///
    /// - Parameter offset: Where its `{` stands in the document.
    @inline(__always)
    mutating func beginObject(at offset: Int) {
        open.append(OpenObject(index: permutation.count, firstMember: members.count))
        permutation.beginObject(at: offset)
    }

    /// Notes that a member of the object that began last begins.
    ///
    /// - Parameters:
    ///   - document: The document, shorter than ``CanonicalJSON/maximumLength``.
    ///   - name: The range of its name between the quotes.
    ///   - isEscaped: Whether the name has escapes.
    ///   - start: Where the name's first quote stands.
    ///   - previousEnd: The offset after the value of the member before, if there is one.
    /// - Throws: ``JSONError/duplicateName`` when the name is that of the member before.
    @inline(__always)
    mutating func beginMember(
        _ document: Span<UInt8>, name: Range<Int>, isEscaped: Bool,
        at start: DocumentEdits.Place, previousMemberEnd previousEnd: Int
    ) throws(JSONError) {
        let name = names.add(document, name, isEscaped: isEscaped)
        let last = members.count &- 1
        let current = open.count &- 1
        if current >= 0, open[current].firstMember <= last {
            members[last].end = UInt32(truncatingIfNeeded: previousEnd)
            if open[current].isInOrder {
                let difference = names.compare(document, members[last].name, name)
                guard difference != 0 else { throw .duplicateName }
                open[current].isInOrder = difference < 0
            }
        }
        members.append(
            Member(
                name: name, start: start,
                firstObject: UInt32(truncatingIfNeeded: permutation.count)))
    }

    /// Notes that the object that began last ends.
    ///
    /// - Parameters:
    ///   - document: The document.
    ///   - lastEnd: The offset after the value of its last member, if it has any.
    ///   - closing: Where its `}` stands.
    /// - Throws: ``JSONError/duplicateName`` when two of its members have the same name.
    mutating func endObject(
        _ document: Span<UInt8>, lastMemberEnd lastEnd: Int, closing: DocumentEdits.Place
    ) throws(JSONError) {
        let innermost = open.count &- 1
        guard innermost >= 0 else { return }
        let object = open[innermost]
        open.removeAll(from: innermost)
        if object.isInOrder {
            permutation.endOrderedObject(object.index)
        } else {
            members[members.count &- 1].end = UInt32(truncatingIfNeeded: lastEnd)
            try sort(document, from: object.firstMember)
            for index in object.firstMember..<members.count {
                let member = members[index]
                permutation.addMember(
                    MemberPermutation.Member(
                        start: member.start, end: member.end, firstObject: member.firstObject))
            }
            permutation.endDisorderedObject(
                object.index, members: members.count - object.firstMember, closing: closing)
        }
        members.removeAll(from: object.firstMember)
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

    private mutating func sort(_ document: Span<UInt8>, from first: Int) throws(JSONError) {
        if members.count - first <= 16 {
            insertionSort(document, from: first)
        } else {
            mergeSort(document, from: first)
        }
        for index in first + 1..<members.count
        where names.compare(document, members[index - 1].name, members[index].name) == 0 {
            throw .duplicateName
        }
    }

    private mutating func insertionSort(_ document: Span<UInt8>, from first: Int) {
        for index in first + 1..<members.count {
            let member = members[index]
            var hole = index
            while hole > first, names.compare(document, members[hole - 1].name, member.name) > 0 {
                members[hole] = members[hole - 1]
                hole -= 1
            }
            members[hole] = member
        }
    }

    /// Takes n log n comparisons whatever the names are, since a client chooses them.
    private mutating func mergeSort(_ document: Span<UInt8>, from first: Int) {
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
        for (index, member) in source.enumerated() { members[first + index] = member }
    }
}
