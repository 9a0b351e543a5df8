import Crypto
import RepriseCore

extension CacheKey {
    /// The key that is the SHA-256 of key material.
    init(hashing material: [UInt8]) {
        guard let key = CacheKey(digest: Array(SHA256.hash(data: material)).span) else {
            preconditionFailure("SHA-256 gives 32 bytes")
        }
        self = key
    }
}
