import RepriseCrypto
import Testing

/// FIPS 180-4's examples.
struct SHA256Tests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func digestsArePublishedOnes(_ text: String, _ digest: String) {
        let found = SHA256.hash(Array(text.utf8).span)
        #expect(found == hex(digest))
    }

    @Test func oneDigestFollowsAnother() {
        var hash = SHA256()
        for _ in 0..<1000 { hash.update([UInt8](repeating: 0x61, count: 1000).span) }
        let million = hex("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
        let first = hash.finish()
        #expect(first == million)
        hash.update(Array("abc".utf8).span)
        let second = hash.finish()
        #expect(second == SHA256.hash(Array("abc".utf8)))
    }
}

extension SHA256 {
    fileprivate static func hash(_ bytes: [UInt8]) -> [UInt8] { hash(bytes.span) }
}
