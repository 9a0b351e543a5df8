import RepriseCore

/// The parts of a head that the cache depends on, read back from what ``PlainHeadScanner`` wrote.
struct KeyedParts {
    /// The target in origin form.
    private(set) var target: [UInt8] = []
    /// The fields that ``RequestPolicy``, ``KeyMaterial`` and ``Directives`` look at.
    private(set) var fields: [HeaderField] = []

    /// Reads the parts that ``PlainRequest/scan(_:keyed:)`` gave.
    init(_ keyed: [UInt8]) {
        fields.reserveCapacity(8)
        var rest = keyed[...]
        while let mark = rest.popFirst(), mark != FieldKind.endMark {
            switch mark {
            case FieldKind.targetMark:
                target = Self.part(&rest)
            case FieldKind.directiveMark:
                let name = Self.part(&rest)
                fields.append(HeaderField(name: name, value: Self.part(&rest)))
            default:
                let name = [UInt8](FieldKind.keyedNames[Int(mark)])
                fields.append(HeaderField(name: name, value: Self.part(&rest)))
            }
        }
    }

    /// Takes a part off, whose length in three bytes stands before it.
    private static func part(_ rest: inout ArraySlice<UInt8>) -> [UInt8] {
        let length = rest.prefix(3).reduce(0) { $0 << 8 | Int($1) }
        let part = rest.dropFirst(3).prefix(length)
        rest = rest.dropFirst(3 + length)
        return Array(part)
    }
}
