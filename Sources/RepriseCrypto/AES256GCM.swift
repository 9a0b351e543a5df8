internal import COpenSSL

/// Authenticated encryption with a key of 256 bits (AES-GCM, NIST SP 800-38D).
public struct AES256GCM: Sendable {
    /// Bytes of a key.
    public static let keyByteCount = 32
    /// Bytes of a nonce. One must never be used twice with a key.
    public static let nonceByteCount = 12
    /// Bytes of the tag that proves that nothing was changed.
    public static let tagByteCount = 16

    // Fetched once: looking an algorithm up takes longer than encrypting a kilobyte. Read-only from
    // then on, and OpenSSL counts its uses atomically.
    nonisolated(unsafe) fileprivate static let fetched = EVP_CIPHER_fetch(nil, "AES-256-GCM", nil)

    private let key: [UInt8]

    /// Takes a key.
    ///
    /// - Throws: ``CryptoError/keyLength(_:)`` unless it has 32 bytes.
    public init(key: Span<UInt8>) throws(CryptoError) {
        guard key.count == Self.keyByteCount else { throw .keyLength(key.count) }
        self.key = key.withUnsafeBufferPointer { Array($0) }
    }

    /// Encrypts bytes.
    ///
    /// - Parameters:
    ///   - bytes: What is to be kept secret.
    ///   - nonce: 12 bytes that were never used with this key.
    ///   - context: What is not secret but must be the same to open it.
    /// - Returns: As many bytes as were given, then the tag.
    public func seal(
        _ bytes: Span<UInt8>, nonce: Span<UInt8>, context: Span<UInt8>
    ) throws(CryptoError) -> [UInt8] {
        try check(bytes.count, nonce, context)
        let operation = try Operation(key: key, nonce: nonce, isSealing: true)
        try operation.authenticate(context)
        var sealed = [UInt8](repeating: 0, count: bytes.count + Self.tagByteCount)
        try operation.transform(bytes, into: &sealed)
        try operation.finishSealing(&sealed, at: bytes.count)
        return sealed
    }

    /// Decrypts what ``seal(_:nonce:context:)`` returned.
    ///
    /// - Throws: ``CryptoError/notAuthentic`` when anything is not as it was sealed.
    public func open(
        _ sealed: Span<UInt8>, nonce: Span<UInt8>, context: Span<UInt8>
    ) throws(CryptoError) -> [UInt8] {
        try check(sealed.count, nonce, context)
        guard sealed.count >= Self.tagByteCount else { throw .notAuthentic }
        let count = sealed.count - Self.tagByteCount
        let operation = try Operation(key: key, nonce: nonce, isSealing: false)
        try operation.authenticate(context)
        var bytes = [UInt8](repeating: 0, count: count)
        try operation.transform(sealed.extracting(..<count), into: &bytes)
        try operation.finishOpening(tag: sealed.extracting(count...))
        return bytes
    }

    /// Checks lengths; OpenSSL counts in 32 bits.
    private func check(
        _ count: Int, _ nonce: Span<UInt8>, _ context: Span<UInt8>
    ) throws(CryptoError) {
        guard nonce.count == Self.nonceByteCount else { throw .nonceLength(nonce.count) }
        let limit = Int(Int32.max) - Self.tagByteCount
        guard count <= limit else { throw .inputLength(count) }
        guard context.count <= limit else { throw .inputLength(context.count) }
    }
}

/// One use of the cipher.
private struct Operation: ~Copyable {
    private let cipher: OpaquePointer

    init(key: [UInt8], nonce: Span<UInt8>, isSealing: Bool) throws(CryptoError) {
        guard let cipher = EVP_CIPHER_CTX_new() else { throw .failed }
        let result = nonce.withUnsafeBufferPointer {
            EVP_CipherInit_ex2(
                cipher, AES256GCM.fetched, key, $0.baseAddress, isSealing ? 1 : 0, nil)
        }
        guard result == 1 else {
            EVP_CIPHER_CTX_free(cipher)
            throw Self.failure
        }
        self.cipher = cipher
    }

    deinit { EVP_CIPHER_CTX_free(cipher) }

    private static var failure: CryptoError {
        ERR_clear_error()
        return .failed
    }

    borrowing func authenticate(_ context: Span<UInt8>) throws(CryptoError) {
        guard !context.isEmpty else { return }
        var count: Int32 = 0
        let result = context.withUnsafeBufferPointer {
            EVP_CipherUpdate(cipher, nil, &count, $0.baseAddress, Int32($0.count))
        }
        guard result == 1 else { throw Self.failure }
    }

    borrowing func transform(
        _ bytes: Span<UInt8>, into output: inout [UInt8]
    ) throws(CryptoError) {
        guard !bytes.isEmpty else { return }
        var count: Int32 = 0
        let result = bytes.withUnsafeBufferPointer { input in
            EVP_CipherUpdate(cipher, &output, &count, input.baseAddress, Int32(input.count))
        }
        guard result == 1, Int(count) == bytes.count else { throw Self.failure }
    }

    borrowing func finishSealing(_ output: inout [UInt8], at offset: Int) throws(CryptoError) {
        var rest = [UInt8](repeating: 0, count: 16)
        var count: Int32 = 0
        guard EVP_CipherFinal_ex(cipher, &rest, &count) == 1, count == 0 else {
            throw Self.failure
        }
        let result = output.withUnsafeMutableBytes {
            reprise_EVP_CIPHER_CTX_get_tag(
                cipher, Int32(AES256GCM.tagByteCount), $0.baseAddress?.advanced(by: offset))
        }
        guard result == 1 else { throw Self.failure }
    }

    borrowing func finishOpening(tag: Span<UInt8>) throws(CryptoError) {
        let isSet = tag.withUnsafeBufferPointer {
            reprise_EVP_CIPHER_CTX_set_tag(cipher, Int32($0.count), $0.baseAddress)
        }
        guard isSet == 1 else { throw Self.failure }
        var rest = [UInt8](repeating: 0, count: 16)
        var count: Int32 = 0
        guard EVP_CipherFinal_ex(cipher, &rest, &count) == 1 else {
            ERR_clear_error()
            throw .notAuthentic
        }
    }
}
