/// A message authentication code by SHA-256 (RFC 2104), made of the pieces that it is given.
public struct HMACSHA256: ~Copyable {
    /// Bytes of a code.
    public static let byteCount = SHA256.byteCount

    private static let blockByteCount = 64

    private var inner = SHA256()
    private var outer = SHA256()

    /// Begins a code.
    ///
    /// - Parameter key: Of any length; longer ones than 64 bytes are hashed first (RFC 2104 §2).
    public init(key: Span<UInt8>) {
        var block = [UInt8](repeating: 0, count: Self.blockByteCount)
        if key.count > Self.blockByteCount {
            block.replaceSubrange(..<SHA256.byteCount, with: SHA256.hash(key))
        } else {
            for index in key.indices { block[index] = key[index] }
        }
        for index in block.indices { block[index] ^= 0x36 }
        inner.update(block.span)
        for index in block.indices { block[index] ^= 0x36 ^ 0x5C }
        outer.update(block.span)
    }

    /// Adds bytes.
    public mutating func update(_ bytes: Span<UInt8>) {
        inner.update(bytes)
    }

    /// Ends the code.
    ///
    /// - Returns: 32 bytes.
    public consuming func finish() -> [UInt8] {
        outer.update(inner.finish().span)
        return outer.finish()
    }

    /// The code of bytes: 32 bytes.
    public static func code(for bytes: Span<UInt8>, key: Span<UInt8>) -> [UInt8] {
        var code = HMACSHA256(key: key)
        code.update(bytes)
        return code.finish()
    }

    /// Whether a code is that of bytes, in a time that says nothing about where they differ.
    public static func isCode(
        _ code: Span<UInt8>, for bytes: Span<UInt8>, key: Span<UInt8>
    ) -> Bool {
        let expected = Self.code(for: bytes, key: key)
        guard code.count == expected.count else { return false }
        var difference: UInt8 = 0
        for index in expected.indices { difference |= expected[index] ^ code[index] }
        return difference == 0
    }
}
