/// Finds out which objects of a document have members out of order, and in which order these belong.
///
/// An object that ends in order leaves that to the object around it; one out of order leaves the
/// sorted indices of its members in ``MemberPermutation``. So nothing is moved while reading, and
/// writing moves each byte once, however deep the objects are nested.
struct MemberOrder: ~Copyable {
    /// An object that has begun and not ended.
    struct OpenObject: BitwiseCopyable {
        /// Its index in the list of ``MemberPermutation``.
        var index: UInt32 = 0
        /// How many members have begun.
        var count: UInt32 = 0
        /// The index of the last of them.
        var lastMember: UInt32 = 0
        /// Whether they came in order so far.
        var isInOrder = true
    }

    /// The names of the members.
    var names = MemberNames()
    private var permutation: MemberPermutation
    // The object that began last, and those around it.
    private var innermost = OpenObject()
    private var outer = ScratchList<OpenObject>(capacity: 16)
    // The beginnings of the names of members that are being sorted.
    private var prefixes = ScratchList<MemberNames.Prefix>(capacity: 16)

    /// Makes an empty order.
    ///
    /// - Parameter length: How long the document is. A list that is too short is copied as it grows,
    ///   whereas memory that is not used is never even fetched; so there is room for a member in
    ///   every eight bytes, within bounds.
    init(documentLength length: Int) {
        permutation = MemberPermutation(capacity: max(16, min(length / 8, 16384)))
    }

    /// Notes that an object begins.
    ///
    /// - Parameter offset: Where its `{` stands in the document.
    @inline(__always)
    mutating func beginObject(at offset: Int) {
        outer.append(innermost)
        innermost = OpenObject(index: UInt32(truncatingIfNeeded: permutation.count))
        permutation.beginObject(at: offset)
    }

    /// Notes that a member of the object that began last begins.
    ///
    /// - Parameters:
    ///   - document: The document, shorter than ``CanonicalJSON/maximumLength``.
    ///   - name: Its name.
    ///   - start: Where the name's first quote stands.
    /// - Throws: ``JSONError/duplicateName`` when the name is that of the member before.
    @inline(__always)
    mutating func beginMember(
        _ document: Span<UInt8>, _ name: MemberNames.Name, at start: DocumentEdits.Place
    ) throws(JSONError) {
        let last = innermost.lastMember
        let index = permutation.beginMember(name, at: start, after: last)
        if innermost.isInOrder, innermost.count > 0 {
            let difference = names.compare(document, permutation.name(last), name)
            guard difference != 0 else { throw .duplicateName }
            innermost.isInOrder = difference < 0
        }
        innermost.lastMember = index
        innermost.count &+= 1
    }

    /// Notes the offset after the value of the member that began last and has not ended.
    @inline(__always)
    mutating func endMember(at end: Int) {
        permutation.endMember(innermost.lastMember, at: end)
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
        if innermost.isInOrder {
            permutation.endOrderedObject(Int(innermost.index))
        } else {
            endMember(at: lastEnd)
            try putInOrder(document, closing: closing)
        }
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

    private mutating func putInOrder(
        _ document: Span<UInt8>, closing: DocumentEdits.Place
    ) throws(JSONError) {
        let count = Int(innermost.count)
        let first = permutation.beginOrder(of: count)
        prefixes.removeAll(from: 0)
        prefixes.makeRoom(for: count)
        var place = count
        var member = innermost.lastMember
        while place > 0 {
            place &-= 1
            permutation.order[first &+ place] = member
            prefixes[place] = permutation.name(member).prefix
            member = permutation.memberBefore(member)
        }
        if count <= 16 {
            try insertionSort(document, first, count)
        } else {
            try mergeSort(document, first, count)
        }
        permutation.endDisorderedObject(Int(innermost.index), order: first, closing: closing)
    }

    /// Finds every duplicate: a member is compared with those that it passes and the one where it
    /// stops.
    @inline(__always)
    private mutating func insertionSort(
        _ document: Span<UInt8>, _ first: Int, _ count: Int
    ) throws(JSONError) {
        var place = 1
        while place < count {
            let prefix = prefixes[place]
            let member = permutation.order[first &+ place]
            var hole = place
            while hole > 0 {
                let other = permutation.order[first &+ hole &- 1]
                let otherPrefix = prefixes[hole &- 1]
                if otherPrefix < prefix { break }
                if otherPrefix == prefix {
                    let difference = names.compare(
                        document, permutation.name(other), permutation.name(member))
                    guard difference != 0 else { throw .duplicateName }
                    if difference < 0 { break }
                }
                prefixes[hole] = otherPrefix
                permutation.order[first &+ hole] = other
                hole &-= 1
            }
            prefixes[hole] = prefix
            permutation.order[first &+ hole] = member
            place &+= 1
        }
    }

    /// Takes n log n comparisons whatever the names are, since a client chooses them.
    @inline(never)
    private mutating func mergeSort(
        _ document: Span<UInt8>, _ first: Int, _ count: Int
    ) throws(JSONError) {
        var source: [UInt32] = []
        for place in first..<first + count { source.append(permutation.order[place]) }
        var target = source
        func compare(_ left: Int, _ right: Int) -> Int {
            names.compare(
                document, permutation.name(source[left]), permutation.name(source[right]))
        }
        var width = 1
        while width < count {
            for start in stride(from: 0, to: count, by: width * 2) {
                let middle = min(start + width, count)
                let end = min(middle + width, count)
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
        for place in 0..<count {
            guard place == 0 || compare(place - 1, place) != 0 else { throw .duplicateName }
            permutation.order[first + place] = source[place]
        }
    }
}
