import RepriseCrypto
import Testing

/// RFC 4231 §4.
struct HMACSHA256Tests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let number: Int
        let key: [UInt8]
        let data: [UInt8]
        let code: [UInt8]

        var testDescription: String { "test case \(number)" }
    }

    static let vectors = [
        Vector(
            number: 1, key: .init(repeating: 0x0B, count: 20), data: Array("Hi There".utf8),
            code: hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")),
        Vector(
            number: 2, key: Array("Jefe".utf8), data: Array("what do ya want for nothing?".utf8),
            code: hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")),
        Vector(
            number: 3, key: .init(repeating: 0xAA, count: 20),
            data: .init(repeating: 0xDD, count: 50),
            code: hex("773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe")),
        Vector(
            number: 4, key: Array(1...25), data: .init(repeating: 0xCD, count: 50),
            code: hex("82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b")),
        Vector(
            number: 6, key: .init(repeating: 0xAA, count: 131),
            data: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            code: hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")),
        Vector(
            number: 7, key: .init(repeating: 0xAA, count: 131),
            data: Array(
                ("This is a test using a larger than block-size key and a larger than "
                    + "block-size data. The key needs to be hashed before being used by the HMAC "
                    + "algorithm.").utf8),
            code: hex("9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2")),
    ]

    @Test(arguments: vectors)
    func codesArePublishedOnes(_ vector: Vector) {
        let code = HMACSHA256.code(for: vector.data.span, key: vector.key.span)
        #expect(code == vector.code)
        #expect(Self.isAccepted(vector.code, by: vector))
    }

    @Test(arguments: vectors)
    func codesDoNotDependOnThePieces(_ vector: Vector) {
        for split in 0...vector.data.count {
            var code = HMACSHA256(key: vector.key.span)
            code.update(Array(vector.data[..<split]).span)
            code.update(Array(vector.data[split...]).span)
            let finished = code.finish()
            #expect(finished == vector.code)
        }
    }

    private static func isAccepted(_ code: [UInt8], by vector: Vector) -> Bool {
        HMACSHA256.isCode(code.span, for: vector.data.span, key: vector.key.span)
    }

    @Test func everyChangedBitIsNoticed() {
        let vector = Self.vectors[1]
        for bit in 0..<256 {
            var code = vector.code
            code[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!Self.isAccepted(code, by: vector))
        }
        #expect(!Self.isAccepted(Array(vector.code.dropLast()), by: vector))
    }
}
