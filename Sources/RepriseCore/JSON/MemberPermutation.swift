/// The members of a document's objects, and the right order of those that are out of order.
struct MemberPermutation: ~Copyable {
    /// A member of an object.
    struct Member: BitwiseCopyable {
        /// Its name.
        let name: MemberNames.Name
        /// Where its name's first quote stands.
        let start: DocumentEdits.Place
        /// The offset after its value, once that is known.
        var end: UInt32 = 0
        /// How many objects begin before its value.
        let firstObject: UInt32
        /// The index of the member before it in its object, if there is one.
        let previous: UInt32
    }

    /// An object that is out of order, or has one inside it.
    struct Object: BitwiseCopyable {
        /// Where its `{` stands.
        let start: UInt32
        /// The index of its first member in the list of these; once an object has ended that is out
        /// of order, the place where its members' right order begins.
        var firstMember: UInt32
        /// The place after that order; zero for an object in order, which has none.
        var endOfMembers: UInt32 = 0
        /// The index of the first object behind it; set, as what follows, for one out of order.
        var nextObject: UInt32 = 0
        /// Where its `}` stands.
        var closing = DocumentEdits.Place(offset: 0, edit: 0)
    }

    /// Where writing goes on once an object has been written: behind it, then with the next member
    /// of the object around it.
    struct Level: BitwiseCopyable {
        /// Where the object ends, and the rest of the piece begins that it lies in.
        let closing: DocumentEdits.Place
        /// The offset where that piece ends.
        let pieceEnd: UInt32
        /// The index of the first object in the rest of it.
        let nextObject: UInt32
        /// The place in the order of the next member around it.
        let nextMember: UInt32
        /// The place after the last one.
        let endOfMembers: UInt32
    }

    // In the order in which the objects begin, and so the members.
    private var objects: ScratchList<Object>
    private var members: ScratchList<Member>
    /// The members' indices, object for object: the right order of each that is out of order.
    var order: ScratchList<UInt32>

    /// Makes empty lists.
    ///
    /// - Parameter capacity: How many members there is room for, at least four.
    init(capacity: Int) {
        objects = ScratchList(capacity: capacity / 4)
        members = ScratchList(capacity: capacity)
        order = ScratchList(capacity: capacity / 2)
    }

    /// How many objects are in the list.
    @inline(__always)
    var count: Int { objects.count }

    /// Puts an object that begins into the list; its index is the count before.
    ///
    /// - Parameter offset: Where its `{` stands in the document.
    @inline(__always)
    mutating func beginObject(at offset: Int) {
        objects.append(
            Object(
                start: UInt32(truncatingIfNeeded: offset),
                firstMember: UInt32(truncatingIfNeeded: members.count)))
    }

    /// Puts a member that begins into its list.
    ///
    /// - Returns: Its index.
    @inline(__always)
    mutating func beginMember(
        _ name: MemberNames.Name, at start: DocumentEdits.Place, after previous: UInt32
    ) -> UInt32 {
        let index = UInt32(truncatingIfNeeded: members.count)
        members.append(
            Member(
                name: name, start: start,
                firstObject: UInt32(truncatingIfNeeded: objects.count), previous: previous))
        return index
    }

    /// Notes the offset after a member's value.
    @inline(__always)
    mutating func endMember(_ index: UInt32, at end: Int) {
        members[Int(index)].end = UInt32(truncatingIfNeeded: end)
    }

    /// The name of a member.
    @inline(__always)
    func name(_ index: UInt32) -> MemberNames.Name { members[Int(index)].name }

    /// The index of the member before another one, which must not be the first of its object.
    @inline(__always)
    func memberBefore(_ index: UInt32) -> UInt32 { members[Int(index)].previous }

    /// Notes that an object ends whose members are in order; it leaves no trace when that holds for
    /// all inside it.
    @inline(__always)
    mutating func endOrderedObject(_ index: Int) {
        if index == objects.count &- 1 {
            members.removeAll(from: Int(objects[index].firstMember))
            objects.removeAll(from: index)
        }
    }

    /// Makes room for the order of some members; all places are to be set then.
    ///
    /// - Returns: The first place.
    @inline(__always)
    mutating func beginOrder(of count: Int) -> Int {
        let first = order.count
        order.makeRoom(for: count)
        return first
    }

    /// Notes that an object ends whose members have been put in order.
    ///
    /// - Parameters:
    ///   - index: The object's index.
    ///   - first: The first of the places of its members, which are the last ones.
    ///   - closing: Where its `}` stands.
    @inline(__always)
    mutating func endDisorderedObject(
        _ index: Int, order first: Int, closing: DocumentEdits.Place
    ) {
        objects[index].firstMember = UInt32(truncatingIfNeeded: first)
        objects[index].endOfMembers = UInt32(truncatingIfNeeded: order.count)
        objects[index].nextObject = UInt32(truncatingIfNeeded: objects.count)
        objects[index].closing = closing
    }

    /// Appends a document with its edits made and all members in order.
    ///
    /// - Parameters:
    ///   - document: The document.
    ///   - end: The offset after its last token.
    ///   - edits: Its edits.
    ///   - output: What the text is appended to.
    func append(
        _ document: Span<UInt8>, upTo end: Int, _ edits: borrowing DocumentEdits,
        to output: inout [UInt8]
    ) {
        // Each comma between members stands for one in the document.
        output.append(addingCapacity: end + edits.mostAdded) { output in
            output.withUnsafeMutableBufferPointer { buffer, count in
                guard let base = buffer.baseAddress else { return }
                count += write(
                    document, upTo: UInt32(truncatingIfNeeded: end), edits,
                    to: PieceWriter(base + count, capacity: buffer.count - count))
            }
        }
    }

    /// Gives the number of bytes that it has written.
    private func write(
        _ document: Span<UInt8>, upTo end: UInt32, _ edits: borrowing DocumentEdits,
        to writer: PieceWriter
    ) -> Int {
        var output = writer
        var levels = ScratchList<Level>(capacity: 16)
        // The piece of the document that is written next, and the first object in it.
        var (position, end, next) = (DocumentEdits.Place(offset: 0, edit: 0), end, 0)
        // The places of the innermost object's members that come behind it.
        var (member, endOfMembers) = (0, 0)
        while true {
            while next < objects.count, objects[next].start < end {
                let object = objects[next]
                next &+= 1
                guard object.endOfMembers > 0 else { continue }
                edits.append(document, from: position, to: object.start &+ 1, to: &output)
                levels.append(
                    Level(
                        closing: object.closing, pieceEnd: end, nextObject: object.nextObject,
                        nextMember: UInt32(truncatingIfNeeded: member),
                        endOfMembers: UInt32(truncatingIfNeeded: endOfMembers)))
                let first = members[Int(order[Int(object.firstMember)])]
                (position, end, next) = (first.start, first.end, Int(first.firstObject))
                (member, endOfMembers) = (Int(object.firstMember) &+ 1, Int(object.endOfMembers))
            }
            edits.append(document, from: position, to: end, to: &output)
            if member < endOfMembers {
                output.append(UInt8(ascii: ","))
                let following = members[Int(order[member])]
                (position, end, next) = (
                    following.start, following.end, Int(following.firstObject)
                )
                member &+= 1
            } else {
                guard levels.count > 0 else { return output.count }
                let level = levels[levels.count &- 1]
                levels.removeAll(from: levels.count &- 1)
                // The closing brace leads the rest of the piece around the object.
                (position, end, next) = (level.closing, level.pieceEnd, Int(level.nextObject))
                (member, endOfMembers) = (Int(level.nextMember), Int(level.endOfMembers))
            }
        }
    }
}
