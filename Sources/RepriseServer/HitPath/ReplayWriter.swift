/// Writes a replayed response into memory piece by piece, without asking for each piece who owns
/// the memory.
struct ReplayWriter {
    /// What the pieces that differ from hit to hit may take up: four literals, three numbers and a
    /// date.
    static let variableBytes = 192

    private let memory: UnsafeMutableRawBufferPointer
    /// Bytes written.
    private(set) var count = 0

    /// Begins at the start of a memory that has room for all that will be written.
    init(_ memory: UnsafeMutableRawBufferPointer) {
        self.memory = memory
    }

    /// Writes the bytes of a literal.
    mutating func write(_ literal: StaticString) {
        write(UnsafeRawBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    /// Writes bytes.
    mutating func write(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { write($0) }
    }

    /// Writes bytes.
    mutating func write(_ bytes: UnsafeRawBufferPointer) {
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    /// Writes the decimal digits of a number that is not negative.
    mutating func write(_ number: Int64) {
        var rest = number.magnitude
        var length = 1
        var bound: UInt64 = 10
        while rest >= bound, length < 19 {
            length += 1
            bound *= 10
        }
        for position in stride(from: count + length - 1, through: count, by: -1) {
            memory[position] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        count += length
    }
}
