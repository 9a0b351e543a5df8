/// The kinds of the containers that are open at a place in a JSON document.
///
/// They are bits in two words, so nothing is allocated.
struct JSONNesting: Sendable {
    /// How many containers are open, at most ``JSONTokenizer/maximumDepth``.
    private(set) var depth = 0
    // One bit for each open container, the innermost lowest, set for an object.
    private var innerKinds: UInt64 = 0
    private var outerKinds: UInt64 = 0

    /// Whether the innermost container is an object.
    @inline(__always)
    var isInObject: Bool { innerKinds & 1 == 1 }

    /// Opens a container.
    ///
    /// - Throws: ``JSONError/tooDeep`` when there are too many.
    @inline(__always)
    mutating func open(isObject: Bool) throws(JSONError) {
        guard depth < JSONTokenizer.maximumDepth else { throw .tooDeep }
        depth &+= 1
        outerKinds = outerKinds &<< 1 | innerKinds &>> 63
        innerKinds = innerKinds &<< 1 | (isObject ? 1 : 0)
    }

    /// Closes the innermost container; there must be one.
    @inline(__always)
    mutating func close() {
        depth &-= 1
        innerKinds = innerKinds &>> 1 | outerKinds &<< 63
        outerKinds &>>= 1
    }
}
