internal import COpenSSL

/// The calls of one TLS connection into OpenSSL, with bytes in memory on both sides.
///
/// Each call empties the thread's queue of errors first, because OpenSSL would take what another
/// connection left there for this one's. After each call, also after one that failed, the caller
/// drains ``drainOutgoing(_:)``: parts of the handshake, tickets, answers to key updates, and alerts
/// come with any of them. No call may be made from within another; OpenSSL calls nothing back but the
/// context's choice of a protocol, which knows no engine.
final class TLSEngine {
    /// The most plaintext bytes of one record (RFC 8446 §5.1).
    static let recordLimit = 16 << 10

    /// How a step of the handshake went.
    enum HandshakeOutcome: Equatable {
        case complete
        /// More of the peer's bytes are needed.
        case incomplete
        case failed(TLSFailure)
    }

    /// What a call to read brought.
    enum ReadOutcome: Equatable {
        case bytes(Int)
        /// More of the peer's bytes are needed.
        case incomplete
        /// The peer has ended its bytes (`close_notify`).
        case ended
        case failed(TLSFailure)
    }

    /// How many bytes a call to write took.
    enum WriteOutcome: Equatable {
        case taken(Int)
        /// Nothing can be written before more of the peer's bytes have come.
        case incomplete
        case failed(TLSFailure)
    }

    private let context: TLSContext
    private let ssl: OpaquePointer
    private var incoming: MemoryBIO
    private var outgoing: MemoryBIO
    private var firstByte: UInt8?
    private var isFed = true

    /// Makes a connection that has not said anything yet.
    ///
    /// - Returns: Nil when OpenSSL has no memory.
    init?(context: TLSContext) {
        ERR_clear_error()
        guard let ssl = SSL_new(context.raw) else { return nil }
        guard let incoming = MemoryBIO() else {
            SSL_free(ssl)
            return nil
        }
        guard let outgoing = MemoryBIO() else {
            BIO_free(incoming.raw)
            SSL_free(ssl)
            return nil
        }
        SSL_set_bio(ssl, incoming.raw, outgoing.raw)
        switch context.role {
        case .client: SSL_set_connect_state(ssl)
        case .server: SSL_set_accept_state(ssl)
        }
        self.context = context
        self.ssl = ssl
        self.incoming = incoming
        self.outgoing = outgoing
    }

    deinit { SSL_free(ssl) }

    /// Names the host whose certificate is asked for and checked, and the protocols offered.
    ///
    /// - Returns: Whether OpenSSL takes them.
    func expect(_ host: TLSPeerName, applicationProtocols: [UInt8]) -> Bool {
        ERR_clear_error()
        switch host {
        case .address(let text):
            guard X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), text) == 1 else {
                return false
            }
        case .name(let text):
            SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
            guard SSL_set1_host(ssl, text) == 1, reprise_SSL_set_tlsext_host_name(ssl, text) == 1
            else { return false }
        }
        guard !applicationProtocols.isEmpty else { return true }
        // The one call of OpenSSL that says 0 when all went well.
        return SSL_set_alpn_protos(ssl, applicationProtocols, UInt32(applicationProtocols.count))
            == 0
    }

    /// Gives it bytes of the peer. They are copied.
    func feed(_ bytes: Span<UInt8>) {
        guard !bytes.isEmpty else { return }
        if firstByte == nil { firstByte = bytes[0] }
        isFed = incoming.append(bytes) && isFed
    }

    /// Whether the peer has said anything.
    var hasInput: Bool { firstByte != nil }

    /// Whether this is the server's side.
    var isServer: Bool { context.role == .server }

    /// Bytes of the peer that were given and not read, encrypted or not.
    var unreadByteCount: Int { incoming.count + Int(SSL_pending(ssl)) }

    /// Goes on with the handshake.
    func handshake() -> HandshakeOutcome {
        ERR_clear_error()
        guard isFed else { return .failed(.failed("out of memory")) }
        let result = SSL_do_handshake(ssl)
        if result == 1 { return .complete }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .incomplete
        default:
            let failure = TLSFailure.taken(from: ssl)
            return .failed(hasSpokenTLS ? failure : .notTLS)
        }
    }

    /// Whether the first byte of the peer is the type of a record that may come first: an alert or a
    /// part of the handshake.
    private var hasSpokenTLS: Bool {
        guard let firstByte else { return true }
        return firstByte == SSL3_RT_HANDSHAKE || firstByte == SSL3_RT_ALERT
    }

    /// Decrypts bytes, at most one record.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> ReadOutcome {
        ERR_clear_error()
        guard isFed else { return .failed(.failed("out of memory")) }
        let result = SSL_read(ssl, buffer.baseAddress, Int32(buffer.count))
        if result > 0 { return .bytes(Int(result)) }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .incomplete
        case SSL_ERROR_ZERO_RETURN: return .ended
        default: return .failed(.taken(from: ssl))
        }
    }

    /// Encrypts bytes, from one to ``recordLimit``.
    func write(_ bytes: UnsafeRawBufferPointer) -> WriteOutcome {
        ERR_clear_error()
        let result = SSL_write(ssl, bytes.baseAddress, Int32(bytes.count))
        if result > 0 { return .taken(Int(result)) }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .incomplete
        default: return .failed(.taken(from: ssl))
        }
    }

    /// Ends this side's bytes (`close_notify`). Only once, after the handshake, and not after a
    /// failure.
    func end() {
        ERR_clear_error()
        _ = SSL_shutdown(ssl)
    }

    /// Takes new keys for this side's bytes with the next record (RFC 8446 §4.6.3), and may ask the
    /// peer to do the same. Without effect under TLS 1.2.
    func updateKeys(askingPeer: Bool) {
        guard SSL_version(ssl) == TLS1_3_VERSION else { return }
        ERR_clear_error()
        _ = SSL_key_update(
            ssl, askingPeer ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED)
    }

    /// Hands out what is to be sent. `body` must not call the engine.
    func drainOutgoing(_ body: (Span<UInt8>) -> Void) {
        outgoing.drain(body)
    }

    /// The memory that this side holds for bytes on their way to and from OpenSSL.
    var bufferCapacity: Int { incoming.capacity + outgoing.capacity }

    /// Gives back the memory of a burst. Not within a handshake, where OpenSSL puts a buffer of its
    /// own before the outgoing one.
    func releaseBuffers() {
        if incoming.isWorthReplacing, let fresh = MemoryBIO() {
            SSL_set0_rbio(ssl, fresh.raw)
            incoming = fresh
        }
        if outgoing.isWorthReplacing, let fresh = MemoryBIO() {
            SSL_set0_wbio(ssl, fresh.raw)
            outgoing = fresh
        }
    }

    /// The protocol that was agreed on (ALPN).
    var applicationProtocol: String? {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &count)
        guard let name, count > 0 else { return nil }
        return String(
            validating: UnsafeBufferPointer(start: name, count: Int(count)), as: UTF8.self)
    }

    /// The version that was agreed on, such as `TLSv1.3`.
    var version: String { String(cString: SSL_get_version(ssl)) }
}
