import Foundation
import Testing

@testable import RepriseCore

struct Base64Tests {
    @Test(arguments: 0...66)
    func bytesAreEncodedAsEverywhere(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
        var text: [UInt8] = []
        Base64.append(bytes.span, to: &text)
        #expect(text.readable == Data(bytes).base64EncodedString())
        #expect(Base64.decode(text.span) == bytes)
    }

    @Test(arguments: [
        "A", "AA", "AAA", "AA=", "=", "====", "A===", "AA==AA==", "AA=A", "AAAA=", "AA-_", "AA A",
        "AB==", "AAB=", "AAAA\n",
    ])
    func otherTextIsRefused(text: String) {
        #expect(Base64.decode(text.wire.span) == nil)
    }

    @Test(arguments: ["0", "zz", "0g"])
    func textThatIsNotHexadecimalIsRefused(text: String) {
        #expect(Hex.decode(text.wire) == nil)
    }

    @Test func hexadecimalIsReadAsItWasWritten() {
        let bytes = (0...255).map { UInt8($0) }
        #expect(Hex.decode(Hex.encode(bytes)) == bytes)
        #expect(Hex.decode("aBcD".wire) == [0xAB, 0xCD])
    }
}
