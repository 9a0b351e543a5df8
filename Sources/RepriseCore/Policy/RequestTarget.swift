/// The rules for the path of a request target (RFC 3986 §3.3).
enum RequestTarget {
    /// Tells whether a path has a segment `.` or `..`, also percent-encoded, which whoever resolves it
    /// upstream would leave the base by (RFC 3986 §5.2.4).
    static func hasDotSegment(_ path: [UInt8]) -> Bool {
        // Most paths have no dot at all.
        guard path.contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "%") }) else {
            return false
        }
        return path.split(separator: UInt8(ascii: "/")).contains { isDots(Array($0)) }
    }

    private static func isDots(_ segment: [UInt8]) -> Bool {
        var dots = 0
        var position = 0
        while position < segment.count {
            if segment[position] == UInt8(ascii: ".") {
                position += 1
            } else if position + 2 < segment.count, segment[position] == UInt8(ascii: "%"),
                segment[position + 1] == UInt8(ascii: "2"),
                segment[position + 2] | 0x20 == UInt8(ascii: "e")
            {
                position += 3
            } else {
                return false
            }
            dots += 1
        }
        return dots == 1 || dots == 2
    }
}
