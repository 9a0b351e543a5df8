import RepriseCrypto
import Testing

/// RFC 5869, appendix A.
struct HKDFSHA256Tests {
    struct Vector: Sendable {
        let secret: [UInt8]
        let salt: [UInt8]
        let info: [UInt8]
        let output: [UInt8]
    }

    static let vectors = [
        Vector(
            secret: .init(repeating: 0x0B, count: 22), salt: Array(0...0x0C),
            info: Array(0xF0...0xF9),
            output: hex(
                """
                3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf
                34007208d5b887185865
                """)),
        Vector(
            secret: Array(0...0x4F), salt: Array(0x60...0xAF), info: Array(0xB0...0xFF),
            output: hex(
                """
                b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c
                59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71
                cc30c58179ec3e87c14c01d5c1f3434f1d87
                """)),
        Vector(
            secret: .init(repeating: 0x0B, count: 22), salt: [], info: [],
            output: hex(
                """
                8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d
                9d201395faa4b61a96c8
                """)),
    ]

    @Test(arguments: vectors)
    func keysArePublishedOnes(_ vector: Vector) throws {
        let output = try HKDFSHA256.derive(
            from: vector.secret.span, salt: vector.salt.span, info: vector.info.span,
            count: vector.output.count)
        #expect(output == vector.output)
    }

    @Test func shorterKeysBeginLongerOnes() throws {
        let secret: [UInt8] = [1, 2, 3]
        let empty: [UInt8] = []
        let longest = try HKDFSHA256.derive(
            from: secret.span, salt: empty.span, info: empty.span, count: HKDFSHA256.outputLimit)
        #expect(longest.count == 8160)
        for count in [0, 1, 31, 32, 33, 64, 8159] {
            let shorter = try HKDFSHA256.derive(
                from: secret.span, salt: empty.span, info: empty.span, count: count)
            #expect(shorter == Array(longest[..<count]))
        }
    }

    @Test(arguments: [-1, 8161, Int.max])
    func noOtherNumberOfBytesIsGiven(_ count: Int) {
        let empty: [UInt8] = []
        #expect(throws: CryptoError.outputLength(count)) {
            try HKDFSHA256.derive(
                from: empty.span, salt: empty.span, info: empty.span, count: count)
        }
    }
}
