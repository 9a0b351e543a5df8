import RepriseCore
import Testing

/// The key as bytes and as text.
struct CacheKeyTests {
    private static let digest = (0..<32).map { UInt8($0 * 8 + 7) }
    private static let hex = Array(
        "070f171f272f373f474f575f676f777f878f979fa7afb7bfc7cfd7dfe7eff7ff".utf8)

    @Test func digestAndTextAreTwoFormsOfOneKey() throws {
        let key = try #require(Self.key(Self.digest))
        #expect(key.bytes == Self.digest)
        #expect(key.hex == Self.hex)
        #expect(Self.key(hex: Self.hex) == key)
        let upper = Self.hex.map { 0x61...0x66 ~= $0 ? $0 - 0x20 : $0 }
        #expect(Self.key(hex: upper) == key)
    }

    @Test(arguments: [0, 1, 16, 31, 33, 64])
    func digestOfAnotherLengthIsNoKey(_ length: Int) {
        #expect(Self.key([UInt8](repeating: 1, count: length)) == nil)
    }

    @Test(arguments: [0, 32, 63, 65, 128])
    func textOfAnotherLengthIsNoKey(_ length: Int) {
        #expect(Self.key(hex: [UInt8](repeating: 0x61, count: length)) == nil)
    }

    @Test(arguments: [0, 1, 62, 63], Array("g/:@G` \0\u{7F}".utf8) + [0xFF])
    func textWithAnotherByteIsNoKey(_ place: Int, _ byte: UInt8) {
        var text = Self.hex
        text[place] = byte
        #expect(Self.key(hex: text) == nil)
    }

    @Test func everyBitMatters() throws {
        let key = try #require(Self.key(Self.digest))
        var keys: Set = [key]
        for bit in 0..<256 {
            var other = Self.digest
            other[bit / 8] ^= 1 << (bit % 8)
            let changed = try #require(Self.key(other))
            #expect(changed != key)
            #expect(changed.bytes == other)
            keys.insert(changed)
        }
        #expect(keys.count == 257)
    }

    // Spans cannot pass through the macros.
    private static func key(_ digest: [UInt8]) -> CacheKey? {
        CacheKey(digest: digest.span)
    }

    private static func key(hex: [UInt8]) -> CacheKey? {
        CacheKey(hex: hex.span)
    }
}
