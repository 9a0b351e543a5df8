/// The objects of a text whose members are out of order, with the right order of their members.
struct MemberPermutation {
    private struct Place {
        let start: UInt32
        let end: UInt32
    }

    private struct Object {
        let place: Place
        let firstMember: Int
        var memberCount = 0
    }

    /// A part of the text that is still to be written.
    private struct Part {
        let start: UInt32
        let end: UInt32
        /// Whether it is a member that another stands before.
        var followsMember = false
    }

    private var objects: [Object] = []
    private var members: [Place] = []

    /// Notes an object; those inside it must have been noted before.
    ///
    /// - Parameter range: Its place in the text, brackets included.
    mutating func beginObject(_ range: Range<Int>) {
        let place = Place(start: UInt32(range.lowerBound), end: UInt32(range.upperBound))
        objects.append(Object(place: place, firstMember: members.count))
    }

    /// Notes the next member, in the right order, of the object that was noted last.
    ///
    /// - Parameters:
    ///   - start: The offset of its name's first quote.
    ///   - end: The offset after its value.
    mutating func addMember(start: UInt32, end: UInt32) {
        members.append(Place(start: start, end: end))
        objects[objects.count - 1].memberCount += 1
    }

    /// Appends a text to an output with all members in order.
    ///
    /// - Parameters:
    ///   - text: The text in which the places lie.
    ///   - output: What the text is appended to.
    func append(_ text: Span<UInt8>, to output: inout [UInt8]) {
        output.reserveCapacity(output.count + text.count)
        let objects = objects.sorted { $0.place.start < $1.place.start }
        var parts = [Part(start: 0, end: UInt32(text.count))]
        while let part = parts.popLast() {
            if part.followsMember {
                output.append(UInt8(ascii: ","))
            }
            let next = Self.firstObject(of: objects, from: part.start)
            guard next < objects.count, objects[next].place.start < part.end else {
                output.append(copying: text.extracting(Int(part.start)..<Int(part.end)))
                continue
            }
            let object = objects[next]
            output.append(
                copying: text.extracting(Int(part.start)..<Int(object.place.start) + 1))
            parts.append(Part(start: object.place.end - 1, end: part.end))
            let first = object.firstMember
            for index in (first..<first + object.memberCount).reversed() {
                let member = members[index]
                parts.append(
                    Part(start: member.start, end: member.end, followsMember: index > first))
            }
        }
    }

    /// The index of the first object, of those in order, that does not begin before an offset.
    private static func firstObject(of objects: [Object], from offset: UInt32) -> Int {
        var (lower, upper) = (0, objects.count)
        while lower < upper {
            let middle = (lower + upper) / 2
            if objects[middle].place.start < offset {
                lower = middle + 1
            } else {
                upper = middle
            }
        }
        return lower
    }
}
