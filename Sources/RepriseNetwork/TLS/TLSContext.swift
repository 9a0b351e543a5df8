internal import COpenSSL

/// What many TLS connections of one side share: trusted authorities, or a certificate with its key.
///
/// Making one reads files and parses certificates, which takes milliseconds; make one for all
/// connections of a kind. TLS 1.2 is the lowest version; renegotiation and compression are off.
public final class TLSContext: Sendable {
    /// The side that a context is for.
    enum Role: Equatable, Sendable {
        case client
        case server
    }

    let role: Role

    // An SSL_CTX counts its owners atomically and locks what connections change in it; its settings
    // are written before it is published here and never again.
    nonisolated(unsafe) let raw: OpaquePointer

    /// Where a client's trusted authorities were taken from; nil for none, and for a server.
    public let trustStore: TLSTrustStore?

    /// What is odd about a server's certificate.
    public let warnings: [TLSContextWarning]

    // The callback below reads it through its address; it is never written after `init`, and freed in
    // `deinit`. Each connection keeps its context, so that none outlives it.
    nonisolated(unsafe) private let protocolList: UnsafeMutableBufferPointer<UInt8>

    /// A context for connections to servers.
    ///
    /// - Parameters:
    ///   - trustStore: The authorities to trust.
    ///   - extraAuthorities: A file in PEM form with more of them.
    /// - Throws: When a file is missing or holds no certificate.
    public static func client(
        trustStore: TLSTrustStore? = .system(), extraAuthorities: String? = nil
    ) throws(TLSContextError) -> TLSContext {
        let context = try TLSContext(role: .client, trustStore: trustStore)
        SSL_CTX_set_verify(context.raw, SSL_VERIFY_PEER, nil)
        if let trustStore { try context.trust(trustStore) }
        if let extraAuthorities { try context.trust(.file(extraAuthorities)) }
        return context
    }

    /// A context for connections from clients.
    ///
    /// - Parameters:
    ///   - certificate: A file in PEM form: the server's certificate, then those between it and the
    ///     authority.
    ///   - key: A file in PEM form with the certificate's private key, not encrypted.
    ///   - applicationProtocols: The protocols offered (ALPN), the preferred one first.
    ///   - wallClock: The time of day in milliseconds since 1970, for ``warnings``.
    /// - Throws: What is wrong, with the name of the file.
    public static func server(
        certificate: String, key: String, applicationProtocols: [String], wallClock: Int64
    ) throws(TLSContextError) -> TLSContext {
        let identity = try ServerCertificate(certificate: certificate, key: key)
        let context = try TLSContext(
            role: .server, applicationProtocols: applicationProtocols,
            warnings: identity.warnings(at: wallClock))
        try identity.install(in: context.raw)
        return context
    }

    private init(
        role: Role, trustStore: TLSTrustStore? = nil, applicationProtocols: [String] = [],
        warnings: [TLSContextWarning] = []
    ) throws(TLSContextError) {
        ERR_clear_error()
        let list = try Self.wireFormat(applicationProtocols)
        let method = role == .client ? TLS_client_method() : TLS_server_method()
        guard let raw = SSL_CTX_new(method) else {
            throw .failed(reason: OpenSSLErrors.take().text)
        }
        self.role = role
        self.raw = raw
        self.trustStore = trustStore
        self.warnings = warnings
        protocolList = .allocate(capacity: list.count)
        _ = protocolList.initialize(from: list)
        _ = reprise_SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION)
        _ = reprise_SSL_CTX_harden(raw)
        let mode =
            SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE
            | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
        _ = reprise_SSL_CTX_set_mode(raw, Int(mode))
        _ = reprise_SSL_CTX_set_session_cache_mode(raw, Int(SSL_SESS_CACHE_OFF))
        if role == .server && !list.isEmpty {
            SSL_CTX_set_alpn_select_cb(raw, chooseProtocol, listReference)
        }
    }

    deinit {
        SSL_CTX_free(raw)
        protocolList.deallocate()
    }

    /// A pointer to the memory of ``protocolList``, which holds its length in its first two bytes.
    private var listReference: UnsafeMutableRawPointer? {
        protocolList.baseAddress.map { UnsafeMutableRawPointer($0) }
    }

    /// The list as ALPN writes it (RFC 7301 §3.1): each name behind its length, all behind the length
    /// of the whole in two bytes.
    private static func wireFormat(_ protocols: [String]) throws(TLSContextError) -> [UInt8] {
        guard !protocols.isEmpty else { return [] }
        let names = try protocolNames(protocols)
        let count = UInt16(names.count)
        return [UInt8(count >> 8), UInt8(truncatingIfNeeded: count)] + names
    }

    /// The names of protocols, each behind its length.
    static func protocolNames(_ protocols: [String]) throws(TLSContextError) -> [UInt8] {
        var list: [UInt8] = []
        for name in protocols {
            guard let count = UInt8(exactly: name.utf8.count), count > 0, list.count < 60_000 else {
                throw .unusableProtocol(name)
            }
            list.append(count)
            list += name.utf8
        }
        return list
    }

    private func trust(_ store: TLSTrustStore) throws(TLSContextError) {
        ERR_clear_error()
        switch store {
        case .file(let path):
            _ = try PEMFile(path: path)
            guard SSL_CTX_load_verify_file(raw, path) == 1 else {
                ERR_clear_error()
                throw .noPEM(file: path, kind: "certificate")
            }
        case .directory(let path):
            guard SSL_CTX_load_verify_dir(raw, path) == 1 else {
                throw .refused(file: path, reason: OpenSSLErrors.take().text)
            }
        }
    }
}

/// Chooses the first of the server's protocols that the client offers too; without one the
/// connection goes on without ALPN (RFC 7301 would have it refused; clients of HTTP/1.1 that offer
/// something odd besides are served).
private func chooseProtocol(
    _: OpaquePointer?, chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    chosenCount: UnsafeMutablePointer<UInt8>?, offered: UnsafePointer<UInt8>?, offeredCount: UInt32,
    list: UnsafeMutableRawPointer?
) -> Int32 {
    guard let chosen, let chosenCount, let list else { return SSL_TLSEXT_ERR_NOACK }
    let ours = list.assumingMemoryBound(to: UInt8.self)
    let count = UInt32(ours[0]) << 8 | UInt32(ours[1])
    var match: UnsafeMutablePointer<UInt8>?
    let outcome = SSL_select_next_proto(&match, chosenCount, ours + 2, count, offered, offeredCount)
    guard outcome == OPENSSL_NPN_NEGOTIATED else { return SSL_TLSEXT_ERR_NOACK }
    chosen.pointee = UnsafePointer(match)
    return SSL_TLSEXT_ERR_OK
}
