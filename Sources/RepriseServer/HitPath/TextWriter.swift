/// Writes a head into memory piece by piece, without asking for each piece who owns the memory.
struct TextWriter {
    /// What the pieces of a replayed response that differ from hit to hit may take up: four
    /// literals, three numbers and a date.
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

    /// Writes bytes with ASCII letters in lower case.
    mutating func write(lowercased bytes: UnsafeRawBufferPointer) {
        let start = count
        write(bytes)
        for place in start..<count where 0x41...0x5A ~= memory[place] { memory[place] |= 0x20 }
    }

    /// Puts a blank for each line end and each NUL that has been written from an offset on.
    func replaceLineEnds(from start: Int) {
        for place in start..<count {
            let byte = memory[place]
            if byte == 0x0A || byte == 0x0D || byte == 0 { memory[place] = UInt8(ascii: " ") }
        }
    }

    /// What has been written from an offset on.
    func written(from start: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: memory[start..<count])
    }

    /// Takes back what has been written from an offset on.
    mutating func takeBack(from start: Int) {
        count = min(count, start)
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
