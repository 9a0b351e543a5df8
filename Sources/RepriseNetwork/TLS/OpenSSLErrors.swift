internal import COpenSSL

/// The errors that OpenSSL keeps for a thread, emptied with each look.
enum OpenSSLErrors {
    /// The oldest error, which is the cause of those after it.
    struct Cause {
        let code: UInt
        /// OpenSSL's words, such as `unsupported protocol`.
        let text: String

        /// Whether it is a reason (`SSL_R_…`) of OpenSSL's TLS part.
        func isTLS(_ reason: Int32) -> Bool {
            ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == reason
        }
    }

    /// Takes all errors and returns the oldest.
    static func take() -> Cause {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0 else { return Cause(code: 0, text: "no reason was given") }
        guard let reason = ERR_reason_error_string(code) else {
            return Cause(code: code, text: "error \(String(code, radix: 16))")
        }
        return Cause(code: code, text: String(cString: reason))
    }
}

extension TLSFailure {
    /// Why a call failed, from the errors of this thread and the verdict on the peer's certificate.
    static func taken(from ssl: OpaquePointer) -> TLSFailure {
        let cause = OpenSSLErrors.take()
        if cause.isTLS(SSL_R_CERTIFICATE_VERIFY_FAILED) {
            return verdict(Int32(truncatingIfNeeded: SSL_get_verify_result(ssl)))
        }
        if cause.isTLS(SSL_R_HTTP_REQUEST) || cause.isTLS(SSL_R_HTTPS_PROXY_REQUEST) {
            return .notTLS
        }
        return .failed(cause.text)
    }

    private static func verdict(_ result: Int32) -> TLSFailure {
        switch result {
        case X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_CERT_NOT_YET_VALID: .expired
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: .wrongHost
        default: .untrusted(String(cString: X509_verify_cert_error_string(Int(result))))
        }
    }
}
