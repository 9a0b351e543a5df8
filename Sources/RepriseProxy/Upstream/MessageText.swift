/// Text that is written into memory of a known size, piece by piece.
///
/// Traps rather than write past the end.
struct MessageText {
    private let space: UnsafeMutableRawBufferPointer
    /// Bytes written so far.
    private(set) var count = 0

    /// Makes empty text.
    init(_ space: UnsafeMutableRawBufferPointer) {
        self.space = space
    }

    /// Appends a byte.
    mutating func append(_ byte: UInt8) {
        space[count] = byte
        count += 1
    }

    /// Appends bytes.
    mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    /// Appends a literal.
    mutating func append(_ literal: StaticString) {
        append(
            UnsafeRawBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    /// Appends bytes from elsewhere.
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count <= space.count - count, "the space was made large enough")
        UnsafeMutableRawBufferPointer(rebasing: space[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    /// Appends a field line.
    mutating func append(name: [UInt8], value: [UInt8]) {
        append(name)
        append(UInt8(ascii: ":"))
        append(UInt8(ascii: " "))
        append(value)
        append(UInt8(ascii: "\r"))
        append(UInt8(ascii: "\n"))
    }
}
