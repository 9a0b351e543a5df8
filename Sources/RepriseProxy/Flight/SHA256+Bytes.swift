import Crypto
import NIOCore
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

extension SHA256 {
    /// The digest of a buffer's readable bytes, without a copy of them.
    static func digest(of buffer: ByteBuffer) -> [UInt8] {
        var hash = SHA256()
        buffer.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
        return Array(hash.finalize())
    }
}
