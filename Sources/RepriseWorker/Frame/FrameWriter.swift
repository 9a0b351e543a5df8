import RepriseCore

/// Writes values one after the other, for JavaScript to read.
///
/// Numbers are little-endian. A byte string is its length in 32 bits, then the bytes. A list of header
/// fields is their number in 32 bits, then name and value of each.
struct FrameWriter {
    /// What was written.
    private(set) var frame: [UInt8] = []

    /// Writes a byte.
    mutating func write(byte: UInt8) {
        frame.append(byte)
    }

    /// Writes an unsigned number of 32 bits.
    mutating func write(number: UInt32) {
        write(word: UInt64(number), bytes: 4)
    }

    /// Writes a signed number of 64 bits.
    mutating func write(wideNumber: Int64) {
        write(word: UInt64(bitPattern: wideNumber), bytes: 8)
    }

    /// Writes a byte string.
    mutating func write(bytes: [UInt8]) {
        frame.reserveCapacity(frame.count + bytes.count + 4)
        write(number: UInt32(bytes.count))
        frame.append(contentsOf: bytes)
    }

    /// Writes header fields.
    mutating func write(fields: [HeaderField]) {
        write(number: UInt32(fields.count))
        for field in fields {
            write(bytes: field.name)
            write(bytes: field.value)
        }
    }

    private mutating func write(word: UInt64, bytes count: Int) {
        for place in 0..<count {
            frame.append(UInt8(truncatingIfNeeded: word >> UInt64(place * 8)))
        }
    }
}
