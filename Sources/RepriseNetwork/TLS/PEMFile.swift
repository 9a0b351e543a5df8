internal import COpenSSL

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// The bytes of a file that is to hold PEM blocks (RFC 7468).
struct PEMFile {
    /// The most bytes that are read. The trust stores of the distributions have about 250,000.
    static let byteLimit = 16 << 20

    let path: String
    let bytes: [UInt8]

    /// Reads a file whole.
    ///
    /// - Throws: ``TLSContextError/unreadable(file:reason:)``, ``TLSContextError/empty(file:)``.
    init(path: String) throws(TLSContextError) {
        self.path = path
        guard !path.utf8.contains(0) else {
            throw .unreadable(file: path, reason: "its name holds a NUL")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.unreadable(path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(descriptor, &piece, piece.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw Self.unreadable(path) }
            if count == 0 { break }
            bytes += piece[..<count]
            guard bytes.count <= Self.byteLimit else {
                throw .unreadable(file: path, reason: "it is larger than 16 MiB")
            }
        }
        guard !bytes.isEmpty else { throw .empty(file: path) }
        self.bytes = bytes
    }

    private static func unreadable(_ path: String) -> TLSContextError {
        .unreadable(file: path, reason: String(cString: strerror(errno)))
    }

    /// The certificates of the file, in its order; the caller frees them.
    ///
    /// - Throws: ``TLSContextError/noPEM(file:kind:)``, or ``TLSContextError/damaged(file:reason:)``.
    func certificates() throws(TLSContextError) -> [OpaquePointer] {
        var found: [OpaquePointer] = []
        let failure: TLSContextError? = withBIO { bio in
            while let certificate = PEM_read_bio_X509(bio, nil, refuseToAsk, nil) {
                found.append(certificate)
            }
            let code = ERR_peek_last_error()
            if ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE {
                return found.isEmpty ? .noPEM(file: path, kind: "certificate") : nil
            }
            return .damaged(file: path, reason: OpenSSLErrors.take().text)
        }
        guard let failure else { return found }
        for certificate in found { X509_free(certificate) }
        throw failure
    }

    /// The private key of the file; the caller frees it.
    ///
    /// - Throws: ``TLSContextError/encryptedKey(file:)``, ``TLSContextError/noPEM(file:kind:)``, or
    ///   ``TLSContextError/damaged(file:reason:)``.
    func privateKey() throws(TLSContextError) -> OpaquePointer {
        var wasAsked = false
        let key = withBIO { bio in
            withUnsafeMutablePointer(to: &wasAsked) {
                PEM_read_bio_PrivateKey(bio, nil, refuseToAsk, $0)
            }
        }
        if let key { return key }
        if wasAsked { throw .encryptedKey(file: path) }
        let code = ERR_peek_last_error()
        let failure = OpenSSLErrors.take()
        if ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE
            || !holdsKeyLine
        {
            throw .noPEM(file: path, kind: "private key")
        }
        throw .damaged(file: path, reason: failure.text)
    }

    /// Whether a line announces a private key. OpenSSL's decoders do not tell a file without one from
    /// one whose key is damaged.
    private var holdsKeyLine: Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        return text.split(whereSeparator: \.isNewline).contains {
            $0.hasPrefix("-----BEGIN ") && $0.hasSuffix("PRIVATE KEY-----")
        }
    }

    private func withBIO<R>(_ body: (OpaquePointer?) -> R) -> R {
        ERR_clear_error()
        return bytes.withUnsafeBytes { buffer in
            let bio = BIO_new_mem_buf(buffer.baseAddress, Int32(buffer.count))
            defer { BIO_free(bio) }
            return body(bio)
        }
    }
}

/// Answers OpenSSL's question for a pass phrase with a refusal, and records that it was asked.
private func refuseToAsk(
    _: UnsafeMutablePointer<CChar>?, _: Int32, _: Int32, wasAsked: UnsafeMutableRawPointer?
) -> Int32 {
    wasAsked?.assumingMemoryBound(to: Bool.self).pointee = true
    return -1
}
