/// The objects of a document whose members are out of order, with the right order of their members.
struct MemberPermutation {
    /// A member of an object.
    struct Member {
        /// Where its name's first quote stands.
        let start: DocumentEdits.Place
        /// The offset after its value.
        let end: UInt32
        /// How many objects are in the list before those that lie in its value.
        let firstObject: UInt32
    }

    private struct Object {
        let start: UInt32
        // What follows is set when the object ends. One that is in order keeps no members, and is in
        // the list only because an object inside it is not.
        var closing = DocumentEdits.Place(offset: 0, edit: 0)
        var members = 0..<0
        var nextObject = 0
    }

    /// An object that is being written.
    private struct Level {
        let object: Int
        var nextMember: Int
        /// The offset where the piece of the document ends that the object lies in.
        let outerEnd: UInt32
    }

    // In the order in which the objects begin.
    private var objects: [Object] = []
    private var members: [Member] = []

    /// Makes an empty list, with room for the objects of a small request.
    init() {
        objects.reserveCapacity(16)
        members.reserveCapacity(32)
    }

    /// How many objects are in the list.
    var count: Int { objects.count }

    /// Puts an object that begins into the list; its index is the count before.
    ///
    /// - Parameter offset: Where its `{` stands in the document.
    mutating func beginObject(at offset: Int) {
        objects.append(Object(start: UInt32(offset)))
    }

    /// Notes that an object ends whose members are in order.
    mutating func endOrderedObject(_ index: Int) {
        if index == objects.count - 1 {
            objects.removeLast()
        }
    }

    /// Notes the next member, in the right order, of the disordered object that ends.
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
        objects[index].closing = closing
        objects[index].members = members.count - count..<members.count
        objects[index].nextObject = objects.count
    }

    /// Appends a document with its edits made and all members in order.
    ///
    /// - Parameters:
    ///   - document: The document.
    ///   - end: The offset after its last token.
    ///   - edits: Its edits.
    ///   - output: What the text is appended to.
    func append(
        _ document: Span<UInt8>, upTo end: Int, _ edits: DocumentEdits, to output: inout [UInt8]
    ) {
        output.reserveCapacity(output.count + end)
        var levels: [Level] = []
        var position = DocumentEdits.Place(offset: 0, edit: 0)
        var end = UInt32(end)
        var next = 0
        while true {
            while next < objects.count, objects[next].start < end, objects[next].members.isEmpty {
                next += 1
            }
            if next < objects.count, objects[next].start < end {
                let object = objects[next]
                edits.append(document, from: position, to: object.start + 1, to: &output)
                levels.append(
                    Level(object: next, nextMember: object.members.lowerBound, outerEnd: end))
            } else {
                edits.append(document, from: position, to: end, to: &output)
            }
            guard let level = levels.last else { return }
            let object = objects[level.object]
            if level.nextMember == object.members.upperBound {
                // The closing brace leads the rest of the piece around the object.
                (position, end, next) = (object.closing, level.outerEnd, object.nextObject)
                levels.removeLast()
            } else {
                if level.nextMember > object.members.lowerBound {
                    output.append(UInt8(ascii: ","))
                }
                let member = members[level.nextMember]
                (position, end, next) = (member.start, member.end, Int(member.firstObject))
                levels[levels.count - 1].nextMember += 1
            }
        }
    }
}
