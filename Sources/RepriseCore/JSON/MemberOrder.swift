/// Which objects of a document have members out of order, and in which order these belong.
///
/// The members of open objects form one stack. An object that ends in order leaves no trace; one out
/// of order leaves the sorted places of its members. So nothing is moved while reading, and writing
/// moves each byte once, however deep the objects are nested.
struct MemberOrder {
    private struct Member {
        let name: MemberNames.Name
        let start: UInt32
        var end: UInt32
    }

    private struct OpenObject {
        let start: Int
        let firstMember: Int
        var isInOrder = true
    }

    private var names = MemberNames()
    private var members: [Member] = []
    private var open: [OpenObject] = []
    private var permutation = MemberPermutation()

    /// Notes that an object begins.
    ///
    /// - Parameter offset: Where its `{` stands in the text.
    mutating func beginObject(at offset: Int) {
        open.append(OpenObject(start: offset, firstMember: members.count))
    }

    /// Notes that a member of the object that began last begins.
    ///
    /// - Parameters:
    ///   - document: The document, shorter than ``CanonicalJSON/maximumLength``.
    ///   - name: The range of its name in the document, between the quotes.
    ///   - isEscaped: Whether the name has escapes.
    ///   - offset: Where its first quote stands in the text, right after the comma if there is one.
    /// - Throws: ``JSONError/duplicateName`` when the name is that of the member before.
    mutating func beginMember(
        _ document: Span<UInt8>, name: Range<Int>, isEscaped: Bool, at offset: Int
    ) throws(JSONError) {
        let name = names.add(document, name, isEscaped: isEscaped)
        let last = members.count - 1
        if let object = open.last, object.firstMember <= last {
            members[last].end = UInt32(offset - 1)
            if object.isInOrder {
                let difference = names.compare(document, members[last].name, name)
                guard difference != 0 else { throw .duplicateName }
                open[open.count - 1].isInOrder = difference < 0
            }
        }
        members.append(Member(name: name, start: UInt32(offset), end: 0))
    }

    /// Notes that the object that began last ends.
    ///
    /// - Parameters:
    ///   - document: The document.
    ///   - offset: The offset after its `}` in the text.
    /// - Throws: ``JSONError/duplicateName`` when two of its members have the same name.
    mutating func endObject(_ document: Span<UInt8>, at offset: Int) throws(JSONError) {
        guard let object = open.popLast(), object.firstMember < members.count else { return }
        members[members.count - 1].end = UInt32(offset - 1)
        if !object.isInOrder {
            try sort(document, from: object.firstMember)
            permutation.beginObject(object.start..<offset)
            for index in object.firstMember..<members.count {
                permutation.addMember(start: members[index].start, end: members[index].end)
            }
        }
        members.removeLast(members.count - object.firstMember)
    }

    /// Appends a text to an output with all members in order.
    ///
    /// - Parameters:
    ///   - text: The text whose offsets were noted.
    ///   - output: What the text is appended to.
    func append(_ text: Span<UInt8>, to output: inout [UInt8]) {
        permutation.append(text, to: &output)
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
        var source = Array(members[first...])
        var target = source
        var width = 1
        while width < source.count {
            for start in stride(from: 0, to: source.count, by: width * 2) {
                let middle = min(start + width, source.count)
                let end = min(middle + width, source.count)
                var (left, right) = (start, middle)
                for index in start..<end {
                    let takesLeft =
                        right == end || left < middle
                        && names.compare(document, source[left].name, source[right].name) <= 0
                    target[index] = takesLeft ? source[left] : source[right]
                    left += takesLeft ? 1 : 0
                    right += takesLeft ? 0 : 1
                }
            }
            swap(&source, &target)
            width *= 2
        }
        members.replaceSubrange(first..., with: source)
    }
}
