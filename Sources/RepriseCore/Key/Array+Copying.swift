extension Array where Element == UInt8 {
    /// Appends borrowed bytes in one copy.
    public mutating func append(copying bytes: Span<UInt8>) {
        // The standard library has no bulk append from a span; the pointer does not leave the call.
        bytes.withUnsafeBufferPointer { append(contentsOf: $0) }
    }
}
