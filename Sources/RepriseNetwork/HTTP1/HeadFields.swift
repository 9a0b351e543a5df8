/// The header fields of one HTTP message, in the order they came, in one piece of memory.
///
/// Names are in lower case. Values are bytes as they came, without surrounding white space
/// (RFC 9110 §5.5).
public struct HeadFields: Sendable, Equatable {
    /// One field: where its name and its value stand in ``bytes``.
    public struct Position: Sendable, Equatable {
        /// The name's bytes.
        public var name: Range<Int>
        /// The value's bytes.
        public var value: Range<Int>

        /// Makes a position.
        public init(name: Range<Int>, value: Range<Int>) {
            self.name = name
            self.value = value
        }
    }

    /// The memory that the positions point into; it holds more than the fields.
    public private(set) var bytes: [UInt8]
    /// The fields.
    public private(set) var positions: [Position]

    /// Makes fields from what a parser found.
    ///
    /// - Parameters:
    ///   - bytes: A copy of the head, its field names folded to lower case.
    ///   - positions: Ranges within `bytes`.
    public init(bytes: [UInt8], positions: [Position]) {
        self.bytes = bytes
        self.positions = positions
    }

    /// No fields.
    public init() {
        self.init(bytes: [], positions: [])
    }

    /// The number of fields.
    public var count: Int { positions.count }

    /// Adds a field at the end.
    ///
    /// - Parameter name: In lower case.
    public mutating func append(name: [UInt8], value: [UInt8]) {
        let start = bytes.count
        bytes.append(contentsOf: name)
        bytes.append(contentsOf: value)
        let middle = start + name.count
        positions.append(Position(name: start..<middle, value: middle..<bytes.count))
    }

    /// The name of a field, a copy.
    public func name(_ index: Int) -> [UInt8] { Array(bytes[positions[index].name]) }

    /// The value of a field, a copy.
    public func value(_ index: Int) -> [UInt8] { Array(bytes[positions[index].value]) }

    /// Tells whether a field has a name.
    ///
    /// - Parameter name: In lower-case ASCII.
    public func isNamed(_ index: Int, _ name: StaticString) -> Bool {
        let range = positions[index].name
        guard range.count == name.utf8CodeUnitCount else { return false }
        for offset in 0..<range.count
        where bytes[range.lowerBound + offset] != name.utf8Start[offset] {
            return false
        }
        return true
    }

    /// The value of the first field with a name, nil when there is none.
    public func first(named name: StaticString) -> [UInt8]? {
        positions.indices.first { isNamed($0, name) }.map { value($0) }
    }
}
