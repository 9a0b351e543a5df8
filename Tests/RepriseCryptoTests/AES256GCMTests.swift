import RepriseCrypto
import Testing

/// The cases with keys of 256 bits of "The Galois/Counter Mode of Operation", appendix B, by which
/// NIST published the mode (13 to 16).
struct AES256GCMTests {
    struct Vector: Sendable {
        let key: [UInt8]
        let nonce: [UInt8]
        let context: [UInt8]
        let bytes: [UInt8]
        let sealed: [UInt8]
    }

    private static let key = hex(
        "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")
    private static let bytes = hex(
        """
        d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72
        1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255
        """)
    private static let ciphertext = hex(
        """
        522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa
        8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad
        """)

    static let vectors = [
        Vector(
            key: .init(repeating: 0, count: 32), nonce: .init(repeating: 0, count: 12),
            context: [], bytes: [], sealed: hex("530f8afbc74536b9a963b4f1c4cb738b")),
        Vector(
            key: .init(repeating: 0, count: 32), nonce: .init(repeating: 0, count: 12),
            context: [], bytes: .init(repeating: 0, count: 16),
            sealed: hex("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")),
        Vector(
            key: key, nonce: hex("cafebabefacedbaddecaf888"), context: [], bytes: bytes,
            sealed: ciphertext + hex("b094dac5d93471bdec1a502270e3cc6c")),
        Vector(
            key: key, nonce: hex("cafebabefacedbaddecaf888"),
            context: hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
            bytes: Array(bytes[..<60]),
            sealed: ciphertext[..<60] + hex("76fc6ece0f4e1768cddf8853bb2d551b")),
    ]

    @Test(arguments: vectors)
    func sealedBytesArePublishedOnes(_ vector: Vector) throws {
        let cipher = try AES256GCM(key: vector.key.span)
        let sealed = try cipher.seal(
            vector.bytes.span, nonce: vector.nonce.span, context: vector.context.span)
        #expect(sealed == vector.sealed)
        let opened = try cipher.open(
            sealed.span, nonce: vector.nonce.span, context: vector.context.span)
        #expect(opened == vector.bytes)
    }

    @Test(arguments: vectors)
    func nothingChangedIsOpened(_ vector: Vector) throws {
        let cipher = try AES256GCM(key: vector.key.span)
        for index in vector.sealed.indices {
            var sealed = vector.sealed
            sealed[index] ^= 0x10
            #expect(throws: CryptoError.notAuthentic) {
                try cipher.open(
                    sealed.span, nonce: vector.nonce.span, context: vector.context.span)
            }
        }
        for count in vector.sealed.indices {
            #expect(throws: CryptoError.notAuthentic) {
                try cipher.open(
                    Array(vector.sealed[..<count]).span, nonce: vector.nonce.span,
                    context: vector.context.span)
            }
        }
        var nonce = vector.nonce
        nonce[11] ^= 1
        #expect(throws: CryptoError.notAuthentic) {
            try cipher.open(vector.sealed.span, nonce: nonce.span, context: vector.context.span)
        }
        #expect(throws: CryptoError.notAuthentic) {
            try cipher.open(
                vector.sealed.span, nonce: vector.nonce.span,
                context: (vector.context + [0]).span)
        }
    }

    @Test func otherLengthsOfKeysAndNoncesAreRefused() throws {
        for count in [0, 16, 31, 33] {
            #expect(throws: CryptoError.keyLength(count)) {
                try AES256GCM(key: [UInt8](repeating: 0, count: count).span)
            }
        }
        let cipher = try AES256GCM(key: Self.key.span)
        for count in [0, 8, 11, 13, 16] {
            let nonce = [UInt8](repeating: 0, count: count)
            let empty: [UInt8] = []
            #expect(throws: CryptoError.nonceLength(count)) {
                try cipher.seal(empty.span, nonce: nonce.span, context: empty.span)
            }
            #expect(throws: CryptoError.nonceLength(count)) {
                try cipher.open(
                    [UInt8](repeating: 0, count: 16).span, nonce: nonce.span, context: empty.span)
            }
        }
    }
}
