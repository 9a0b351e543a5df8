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
        var position = 0
        while position < keyed.count, keyed[position] != FieldKind.endMark {
            let mark = keyed[position]
            position += 1
            switch mark {
            case FieldKind.targetMark:
                target = Self.part(keyed, &position)
            case FieldKind.directiveMark:
                let name = Self.part(keyed, &position)
                fields.append(HeaderField(name: name, value: Self.part(keyed, &position)))
            default:
                let name = Self.names[Int(mark)]
                fields.append(HeaderField(name: name, value: Self.part(keyed, &position)))
            }
        }
    }

    private static let names = FieldKind.keyedNames.map { [UInt8]($0) }

    /// Takes a part off, whose length in three bytes stands before it.
    private static func part(_ keyed: [UInt8], _ position: inout Int) -> [UInt8] {
        let length =
            Int(keyed[position]) << 16 | Int(keyed[position + 1]) << 8 | Int(keyed[position + 2])
        let start = position + 3
        position = start + length
        return Array(keyed[start..<position])
    }

    /// Appends a field of ``FieldKind/keyedNames``.
    @inline(__always)
    static func append(
        keyed number: UInt32, _ value: Span<UInt8>, to keyed: inout OutputSpan<UInt8>
    ) {
        keyed.append(UInt8(truncatingIfNeeded: number))
        append(value, to: &keyed)
    }

    /// Appends a directive.
    @inline(__always)
    static func append(
        directive name: Span<UInt8>, _ value: Span<UInt8>, to keyed: inout OutputSpan<UInt8>
    ) {
        keyed.append(FieldKind.directiveMark)
        append(name, to: &keyed)
        append(value, to: &keyed)
    }

    /// Appends a part behind its length, so that two parts never run together.
    static func append(_ part: Span<UInt8>, to keyed: inout OutputSpan<UInt8>) {
        let count = part.count
        keyed.append(UInt8(truncatingIfNeeded: count >> 16))
        keyed.append(UInt8(truncatingIfNeeded: count >> 8))
        keyed.append(UInt8(truncatingIfNeeded: count))
        keyed.withUnsafeMutableBufferPointer { buffer, filled in
            // The slice traps if there were no room.
            let room = UnsafeMutableRawBufferPointer(
                rebasing: UnsafeMutableRawBufferPointer(buffer)[filled..<filled + count])
            part.withUnsafeBytes { room.copyMemory(from: $0) }
            filled += count
        }
    }
}
