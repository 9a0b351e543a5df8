/// One HTTP header field (RFC 9110 §5).
public struct HeaderField: Equatable, Sendable {
    /// The field name in lower case, as HTTP/2 sends it (RFC 9113 §8.2.1).
    public let name: [UInt8]
    /// The field value without surrounding white space, byte for byte.
    public var value: [UInt8]

    /// Makes a field from bytes.
    ///
    /// - Parameters:
    ///   - name: The field name; ASCII upper case is folded to lower case.
    ///   - value: The field value without surrounding white space.
    public init(name: [UInt8], value: [UInt8]) {
        // Most names need no folding, and no copy.
        let isFolded = !name.contains { 0x41...0x5A ~= $0 }
        self.name = isFolded ? name : name.map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }
        self.value = value
    }

    /// Makes a field whose name is in lower case already.
    ///
    /// - Parameters:
    ///   - lowerCaseName: The field name without an ASCII upper-case letter.
    ///   - value: The field value without surrounding white space.
    public init(lowerCaseName: [UInt8], value: [UInt8]) {
        name = lowerCaseName
        self.value = value
    }

    /// Tells whether the field has a name.
    ///
    /// - Parameter literal: The name in lower-case ASCII.
    public func isNamed(_ literal: StaticString) -> Bool {
        name.equals(literal)
    }
}

extension Array where Element == UInt8 {
    /// The bytes of a literal.
    public init(_ literal: StaticString) {
        self.init(UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    /// Compares with a literal byte for byte, without the Unicode tables that `String` brings.
    ///
    /// It stands once for all who call it, or the Worker's module would grow.
    @inline(never)
    public func equals(_ literal: StaticString) -> Bool { span.equals(literal) }
}

extension Span<UInt8> {
    /// Compares with a literal byte for byte.
    public func equals(_ literal: StaticString) -> Bool {
        count == literal.utf8CodeUnitCount && starts(withLiteral: literal)
    }

    /// Tells whether the bytes begin with those of a literal.
    public func starts(withLiteral literal: StaticString) -> Bool {
        let bytes = bytes
        let count = literal.utf8CodeUnitCount
        guard bytes.byteCount >= count else { return false }
        let text = UnsafeRawPointer(literal.utf8Start)
        var offset = 0
        while count &- offset >= 8 {
            let word = bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)
            let expected = text.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            guard word == expected else { return false }
            offset &+= 8
        }
        while offset < count {
            let byte = bytes.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
            guard byte == literal.utf8Start[offset] else { return false }
            offset &+= 1
        }
        return true
    }
}

extension Array where Element == HeaderField {
    /// The value of the first field with a name, nil when there is none.
    ///
    /// - Parameter name: The name in lower-case ASCII.
    public func first(named name: StaticString) -> [UInt8]? {
        first { $0.isNamed(name) }?.value
    }
}
