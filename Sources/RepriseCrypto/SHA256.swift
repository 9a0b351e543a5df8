internal import COpenSSL

/// A SHA-256 digest (FIPS 180-4), made of the pieces that it is given.
public struct SHA256: ~Copyable {
    /// Bytes of a digest.
    public static let byteCount = 32

    // Fetched once: looking an algorithm up takes longer than hashing a kilobyte. Read-only from then
    // on, and OpenSSL counts its uses atomically.
    nonisolated(unsafe) private static let algorithm = EVP_MD_fetch(nil, "SHA2-256", nil)

    private let context: OpaquePointer?

    /// Begins a digest.
    public init() {
        context = EVP_MD_CTX_new()
        let isReady = EVP_DigestInit_ex2(context, Self.algorithm, nil)
        precondition(isReady == 1, "OpenSSL has no SHA-256")
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds bytes.
    public mutating func update(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBytes { _ = EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
    }

    /// Ends the digest and begins the next one.
    ///
    /// - Returns: 32 bytes.
    public mutating func finish() -> [UInt8] {
        let digest = [UInt8](unsafeUninitializedCapacity: Self.byteCount) { buffer, count in
            _ = EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
            count = Self.byteCount
        }
        _ = EVP_DigestInit_ex2(context, nil, nil)
        return digest
    }

    /// The digest of bytes: 32 bytes.
    public static func hash(_ bytes: Span<UInt8>) -> [UInt8] {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finish()
    }
}
