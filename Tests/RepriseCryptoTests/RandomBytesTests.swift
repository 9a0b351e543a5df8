import RepriseCrypto
import Testing

struct RandomBytesTests {
    @Test(arguments: [-1, 0, 1, 12, 32, 4096])
    func asManyAreMadeAsAskedFor(_ count: Int) throws {
        #expect(try RandomBytes.make(count).count == max(count, 0))
    }

    @Test func noTwoAreTheSame() throws {
        let all = try (0..<1000).map { _ in try RandomBytes.make(16) }
        #expect(Set(all).count == 1000)
    }

    @Test func numbersThatOpenSSLCannotCountAreRefused() {
        #expect(throws: CryptoError.inputLength(Int.max)) { try RandomBytes.make(.max) }
    }
}
