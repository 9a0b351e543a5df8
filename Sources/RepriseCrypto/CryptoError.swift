/// Why something cannot be encrypted, decrypted or derived.
public enum CryptoError: Error, Equatable, Sendable {
    /// A key has another length than its algorithm takes.
    case keyLength(Int)
    /// A nonce has another length than its algorithm takes.
    case nonceLength(Int)
    /// More bytes are asked for than one derivation gives.
    case outputLength(Int)
    /// There are more bytes than one call takes.
    case inputLength(Int)
    /// What was sealed is too short, was changed, or was sealed with another key, nonce or context.
    case notAuthentic
    /// OpenSSL fails, such as for lack of memory.
    case failed
}
