/// The objects of a document whose members are out of order, with the right order of their members.
struct MemberPermutation: ~Copyable {
    /// A member of an object.
    struct Member: BitwiseCopyable {
        /// Where its name's first quote stands.
        let start: DocumentEdits.Place
        /// The offset after its value.
        let end: UInt32
        /// How many objects are in the list before those that lie in its value.
        let firstObject: UInt32
    }

    /// An object that is out of order, or has one inside it.
    struct Object: BitwiseCopyable {
        /// Where its `{` stands.
        let start: UInt32
        /// Where its `}` stands; set, as all that follows, when an object ends that is out of order.
        var closing = DocumentEdits.Place(offset: 0, edit: 0)
        /// The index of the first of its members in their right order.
        var firstMember: UInt32 = 0
        /// The index after the last one; zero for an object in order, which keeps none.
        var endOfMembers: UInt32 = 0
        /// The index of the first object behind it.
        var nextObject: UInt32 = 0
    }

    /// What is left of an object that is being written, once the members of one inside it are.
    struct Level: BitwiseCopyable {
        /// Where the object inside it ends, and the rest of the piece begins that the object lies in.
        let closing: DocumentEdits.Place
        /// The offset where that piece ends.
        let pieceEnd: UInt32
        /// The index of the first object in the rest of it.
        let nextObject: UInt32
        /// The index of the member to be written next.
        let nextMember: UInt32
        /// The index after the last one.
        let endOfMembers: UInt32
    }

    // In the order in which the objects begin.
    private var objects = ScratchList<Object>(capacity: 16)
    private var members = ScratchList<Member>(capacity: 32)

    /// How many objects are in the list.
    var count: Int { objects.count }

    /// Puts an object that begins into the list; its index is the count before.
    ///
    /// - Parameter offset: Where its `{` stands in the document.
    @inline(__always)
    mutating func beginObject(at offset: Int) {
        objects.append(Object(start: UInt32(truncatingIfNeeded: offset)))
    }

    /// Notes that an object ends whose members are in order.
    @inline(__always)
    mutating func endOrderedObject(_ index: Int) {
        if index == objects.count &- 1 {
            objects.removeAll(from: index)
        }
    }

    /// Notes the next member, in the right order, of the disordered object that ends.
    @inline(__always)
    mutating func addMember(_ member: Member) {
        members.append(member)
    }

    /// Notes that an object ends whose members have been put in order.
    ///
    /// - Parameters:
    ///   - index: The object's index.
    ///   - count: How many members it has: those that were added last.
    ///   - closing: Where its `}` stands.
    mutating func endDisorderedObject(
        _ index: Int, members count: Int, closing: DocumentEdits.Place
    ) {
        var object = objects[index]
        object.closing = closing
        object.firstMember = UInt32(truncatingIfNeeded: members.count &- count)
        object.endOfMembers = UInt32(truncatingIfNeeded: members.count)
        object.nextObject = UInt32(truncatingIfNeeded: objects.count)
        objects[index] = object
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
                var writer = PieceWriter(base + count, capacity: buffer.count - count)
                write(document, upTo: UInt32(truncatingIfNeeded: end), edits, to: &writer)
                count += writer.count
            }
        }
    }

    private func write(
        _ document: Span<UInt8>, upTo end: UInt32, _ edits: borrowing DocumentEdits,
        to output: inout PieceWriter
    ) {
        var levels = ScratchList<Level>(capacity: 16)
        // The piece of the document that is written next, and the first object in it.
        var (position, end, next) = (DocumentEdits.Place(offset: 0, edit: 0), end, 0)
        // The members of the innermost object that come behind it.
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
                let first = members[Int(object.firstMember)]
                (position, end, next) = (first.start, first.end, Int(first.firstObject))
                (member, endOfMembers) = (Int(object.firstMember) &+ 1, Int(object.endOfMembers))
            }
            edits.append(document, from: position, to: end, to: &output)
            if member < endOfMembers {
                output.append(UInt8(ascii: ","))
                let following = members[member]
                (position, end, next) = (
                    following.start, following.end, Int(following.firstObject)
                )
                member &+= 1
            } else {
                guard levels.count > 0 else { return }
                let level = levels[levels.count &- 1]
                levels.removeAll(from: levels.count &- 1)
                // The closing brace leads the rest of the piece around the object.
                (position, end, next) = (level.closing, level.pieceEnd, Int(level.nextObject))
                (member, endOfMembers) = (Int(level.nextMember), Int(level.endOfMembers))
            }
        }
    }
}
