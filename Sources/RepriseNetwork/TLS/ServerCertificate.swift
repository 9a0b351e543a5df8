internal import COpenSSL

/// A server's certificate with those between it and its authority, and its private key.
struct ServerCertificate: ~Copyable {
    private let certificatePath: String
    private let keyPath: String
    private let chain: [OpaquePointer]
    private let key: OpaquePointer

    /// Reads both files.
    init(certificate: String, key keyPath: String) throws(TLSContextError) {
        let certificateFile = try PEMFile(path: certificate)
        let keyFile = try PEMFile(path: keyPath)
        let key = try keyFile.privateKey()
        let chain: [OpaquePointer]
        do {
            chain = try certificateFile.certificates()
        } catch {
            EVP_PKEY_free(key)
            throw error
        }
        certificatePath = certificate
        self.keyPath = keyPath
        self.chain = chain
        self.key = key
    }

    deinit {
        for certificate in chain { X509_free(certificate) }
        EVP_PKEY_free(key)
    }

    /// What is odd about the server's own certificate at a time (milliseconds since 1970).
    func warnings(at wallClock: Int64) -> [TLSContextWarning] {
        var seconds = Int(wallClock / 1000)
        if X509_cmp_time(X509_get0_notAfter(chain[0]), &seconds) < 0 {
            return [.expired(file: certificatePath)]
        }
        if X509_cmp_time(X509_get0_notBefore(chain[0]), &seconds) > 0 {
            return [.notYetValid(file: certificatePath)]
        }
        return []
    }

    /// Gives certificate and key to a context.
    func install(in context: OpaquePointer) throws(TLSContextError) {
        ERR_clear_error()
        guard X509_check_private_key(chain[0], key) == 1 else {
            ERR_clear_error()
            throw .otherKey(certificate: certificatePath, key: keyPath)
        }
        guard SSL_CTX_use_certificate(context, chain[0]) == 1 else {
            throw .refused(file: certificatePath, reason: OpenSSLErrors.take().text)
        }
        for certificate in chain.dropFirst() {
            X509_up_ref(certificate)
            guard reprise_SSL_CTX_add0_chain_cert(context, certificate) == 1 else {
                X509_free(certificate)
                throw .refused(file: certificatePath, reason: OpenSSLErrors.take().text)
            }
        }
        guard SSL_CTX_use_PrivateKey(context, key) == 1 else {
            throw .refused(file: keyPath, reason: OpenSSLErrors.take().text)
        }
    }
}
