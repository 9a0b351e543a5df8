/// The fields of a request's head as they were decoded, all of them and in their order, each name and
/// value behind its length.
///
/// Two heads are the same bytes if and only if they are the same fields in the same order. The first
/// byte is one that no HTTP/1.1 request begins with.
struct HTTP2EncodedHead: Sendable {
    /// The bytes.
    private(set) var bytes: [UInt8] = []
    /// How many fields they hold.
    private(set) var count = 0

    private static let mark: UInt8 = 2

    init() {
        bytes.reserveCapacity(480)
        bytes.append(Self.mark)
    }

    /// Adds a field, of fewer than 2^32 bytes.
    mutating func append(name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) {
        appendLength(name.count)
        appendLength(value.count)
        bytes.append(contentsOf: name)
        bytes.append(contentsOf: value)
        count += 1
    }

    private mutating func appendLength(_ length: Int) {
        var rest = UInt32(truncatingIfNeeded: length)
        for _ in 0..<4 {
            bytes.append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }

    /// Reads the fields one after the other.
    struct Reader {
        private var position = 1

        /// The next field.
        mutating func next(_ bytes: Span<UInt8>) -> HeadFields.Position? {
            guard position + 8 <= bytes.count else { return nil }
            let nameLength = Self.length(bytes, at: position)
            let valueLength = Self.length(bytes, at: position + 4)
            let start = position + 8
            let middle = start + nameLength
            position = middle + valueLength
            guard position <= bytes.count else { return nil }
            return HeadFields.Position(name: start..<middle, value: middle..<position)
        }

        private static func length(_ bytes: Span<UInt8>, at position: Int) -> Int {
            Int(bytes[position]) | Int(bytes[position + 1]) << 8 | Int(bytes[position + 2]) << 16
                | Int(bytes[position + 3]) << 24
        }
    }
}
