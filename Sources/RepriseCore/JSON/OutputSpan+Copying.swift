extension OutputSpan where Element == UInt8 {
    /// Appends a piece of borrowed bytes; there must be room for it.
    mutating func append(copying bytes: Span<UInt8>, _ range: Range<Int>) {
        let source = bytes.bytes
        let length = range.count
        precondition(range.upperBound <= bytes.count && length <= freeCapacity)
        let isShort = length <= 32 && bytes.count &- range.lowerBound >= 32 && freeCapacity >= 32
        withUnsafeMutableBufferPointer { buffer, count in
            // Both pointers are moved within bounds that have been compared with above.
            guard let base = buffer.baseAddress else { return }
            let target = UnsafeMutableRawPointer(base + count)
            if isShort {
                // What is copied too much is written over, or lies behind the last byte.
                for offset in 0..<4 {
                    let word = source.unsafeLoadUnaligned(
                        fromUncheckedByteOffset: range.lowerBound &+ offset &* 8, as: UInt64.self)
                    target.storeBytes(of: word, toByteOffset: offset &* 8, as: UInt64.self)
                }
            } else {
                source.withUnsafeBytes { bytes in
                    guard let start = bytes.baseAddress else { return }
                    target.copyMemory(from: start + range.lowerBound, byteCount: length)
                }
            }
            count &+= length
        }
    }
}
