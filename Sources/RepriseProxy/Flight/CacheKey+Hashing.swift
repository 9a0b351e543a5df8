import Crypto
import RepriseCore

extension CacheKey {
    /// The key that is the SHA-256 of key material.
    init(hashing material: [UInt8]) {
        let key = SHA256.hash(data: material).withUnsafeBytes { digest in
            CacheKey(digest: Span(_unsafeBytes: digest))
        }
        guard let key else { preconditionFailure("SHA-256 gives 32 bytes") }
        self = key
    }
}
