#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// The certificates of the authorities that a client trusts: a file in PEM form, or a directory of
/// such files under the names of their hashes.
public enum TLSTrustStore: Equatable, Sendable, CustomStringConvertible {
    /// A file in PEM form.
    case file(String)
    /// A directory as `openssl rehash` makes it.
    case directory(String)

    /// The path.
    public var description: String {
        switch self {
        case .file(let path), .directory(let path): path
        }
    }

    /// The files in which distributions and Homebrew keep the authorities, in the order of search.
    static let usualFiles = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
        "/usr/local/share/certs/ca-root-nss.crt",
        "/opt/homebrew/etc/openssl@3/cert.pem",
        "/usr/local/etc/openssl@3/cert.pem",
    ]

    static let usualDirectory = "/etc/ssl/certs"

    /// The machine's trust store: what `SSL_CERT_FILE` or `SSL_CERT_DIR` names, or else the first
    /// of the usual files that can be read.
    ///
    /// - Returns: Nil when there is none, which leaves every server untrusted. What a variable names
    ///   is returned though it may not exist, so that its use fails with a message.
    public static func system() -> TLSTrustStore? {
        locate(
            variable: { name in getenv(name).map { String(cString: $0) } },
            isReadable: { access($0, R_OK) == 0 })
    }

    static func locate(
        variable: (String) -> String?, isReadable: (String) -> Bool
    ) -> TLSTrustStore? {
        if let file = variable("SSL_CERT_FILE"), !file.isEmpty { return .file(file) }
        if let directory = variable("SSL_CERT_DIR"), !directory.isEmpty {
            return .directory(directory)
        }
        if let file = usualFiles.first(where: isReadable) { return .file(file) }
        return isReadable(usualDirectory) ? .directory(usualDirectory) : nil
    }
}
