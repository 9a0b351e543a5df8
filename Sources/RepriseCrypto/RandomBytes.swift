internal import COpenSSL

/// Random numbers that nobody can foresee.
public enum RandomBytes {
    /// Makes random bytes (OpenSSL's generator, seeded by the system).
    ///
    /// - Parameter count: How many; none for a negative number.
    /// - Throws: ``CryptoError/inputLength(_:)`` above 2^31 - 1, or ``CryptoError/failed`` when the
    ///   system has no randomness to give.
    public static func make(_ count: Int) throws(CryptoError) -> [UInt8] {
        guard let length = Int32(exactly: max(count, 0)) else { throw .inputLength(count) }
        guard length > 0 else { return [] }
        var isFilled = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            buffer.initialize(repeating: 0)
            isFilled = RAND_bytes(buffer.baseAddress, length) == 1
            initialized = count
        }
        guard isFilled else {
            ERR_clear_error()
            throw .failed
        }
        return bytes
    }
}
