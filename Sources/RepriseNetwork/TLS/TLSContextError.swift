/// Why the files of a ``TLSContext`` cannot be used.
public enum TLSContextError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file cannot be read; the reason is the system's, such as `No such file or directory`.
    case unreadable(file: String, reason: String)
    /// The file has no bytes.
    case empty(file: String)
    /// The file holds nothing of the kind that is needed, such as `certificate`, in PEM form.
    case noPEM(file: String, kind: String)
    /// The file begins well, but one of its blocks is damaged.
    case damaged(file: String, reason: String)
    /// The private key is encrypted, and no pass phrase is asked for.
    case encryptedKey(file: String)
    /// The private key is not that of the certificate.
    case otherKey(certificate: String, key: String)
    /// OpenSSL refuses what the file holds, such as a key that is too short.
    case refused(file: String, reason: String)
    /// A name in the list of application protocols is empty or longer than 255 bytes.
    case unusableProtocol(String)
    /// OpenSSL itself fails.
    case failed(reason: String)

    /// One line that names the file and what is wrong with it.
    public var description: String {
        switch self {
        case .unreadable(let file, let reason): "\(file) cannot be read: \(reason)"
        case .empty(let file): "\(file) is empty"
        case .noPEM(let file, let kind): "\(file) holds no \(kind) in PEM form"
        case .damaged(let file, let reason): "\(file) is damaged: \(reason)"
        case .encryptedKey(let file):
            "\(file) holds an encrypted private key; no pass phrase is asked for, so decrypt it first"
        case .otherKey(let certificate, let key):
            "\(key) holds the private key of another certificate than \(certificate)"
        case .refused(let file, let reason): "\(file) cannot be used: \(reason)"
        case .unusableProtocol(let name): "\"\(name)\" is no name of an application protocol"
        case .failed(let reason): "OpenSSL failed: \(reason)"
        }
    }
}

/// What is odd about a server's own certificate, though it can be used.
public enum TLSContextWarning: Equatable, Sendable, CustomStringConvertible {
    /// The time of the certificate is over.
    case expired(file: String)
    /// The time of the certificate has not begun.
    case notYetValid(file: String)

    /// One line that names the file.
    public var description: String {
        switch self {
        case .expired(let file): "the certificate in \(file) has expired"
        case .notYetValid(let file): "the certificate in \(file) is not yet valid"
        }
    }
}
