/// Keys derived from one secret by HMAC-SHA-256 (HKDF, RFC 5869).
public enum HKDFSHA256 {
    /// The most bytes of one derivation (RFC 5869 §2.3).
    public static let outputLimit = 255 * HMACSHA256.byteCount

    /// Derives key bytes.
    ///
    /// - Parameters:
    ///   - secret: The secret, of any length.
    ///   - salt: Bytes that need not be secret; empty for none.
    ///   - info: What the key is for.
    ///   - count: How many bytes to derive, from 0 to ``outputLimit``.
    /// - Throws: ``CryptoError/outputLength(_:)`` for any other number.
    public static func derive(
        from secret: Span<UInt8>, salt: Span<UInt8>, info: Span<UInt8>, count: Int
    ) throws(CryptoError) -> [UInt8] {
        guard (0...outputLimit).contains(count) else { throw .outputLength(count) }
        // A missing salt is as many zero bytes as a digest has (§2.2), to which HMAC extends an empty
        // key anyway.
        let pseudorandomKey = HMACSHA256.code(for: secret, key: salt)
        var output: [UInt8] = []
        output.reserveCapacity(count + HMACSHA256.byteCount)
        var block: [UInt8] = []
        var number: UInt8 = 0
        while output.count < count {
            number += 1
            var code = HMACSHA256(key: pseudorandomKey.span)
            code.update(block.span)
            code.update(info)
            code.update([number].span)
            block = code.finish()
            output += block
        }
        output.removeLast(output.count - count)
        return output
    }
}
