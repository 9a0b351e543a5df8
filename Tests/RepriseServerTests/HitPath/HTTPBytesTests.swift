import Testing

@testable import RepriseServer

/// What is told of many bytes at a time is what is told of them one by one.
struct HTTPBytesTests {
    private static let lengths = [1, 15, 16, 17, 33]

    @Test(arguments: lengths)
    func aTokenEndsAtTheFirstOtherByte(length: Int) {
        let tokenBytes = Set("!#$%&'*+-.^_`|~".utf8).union(Self.lettersAndDigits)
        for place in 0..<length {
            for byte in UInt8.min...UInt8.max {
                var text = Array(repeating: UInt8(ascii: "z"), count: length + 4)
                text[place] = byte
                let end = HTTPBytes.endOfToken(text.span, from: 0, to: length)
                let isInside = tokenBytes.contains(byte)
                #expect(end == (isInside ? length : place), "\(byte) at \(place)")
                #expect(HTTPBytes.isToken(byte) == isInside)
            }
        }
    }

    @Test(arguments: lengths, [0x20, 0x21] as [UInt8])
    func printableASCIIEndsAtTheFirstOtherByte(length: Int, lowest: UInt8) {
        for place in 0..<length {
            for byte in UInt8.min...UInt8.max {
                var text = Array(repeating: UInt8(ascii: "~"), count: length + 4)
                text[place] = byte
                let end = HTTPBytes.endOfPrintable(text.span, from: 0, to: length, lowest: lowest)
                let isInside = byte >= lowest && byte <= 0x7E
                #expect(end == (isInside ? length : place), "\(byte) at \(place)")
            }
        }
    }

    private static let literals: [StaticString] = [
        "te", "host", "trailer", "keep-alive", "application/json", "proxy-connection9",
    ]

    @Test(arguments: literals.indices)
    func onlyCaseIsFolded(index: Int) {
        let literal = Self.literals[index]
        let text = "\(literal)"
        let lower = Array(text.utf8)
        #expect(Self.equalsFolded(lower, literal))
        let upper = Array(text.uppercased().utf8)
        #expect(Self.equalsFolded(upper, literal))
        for place in lower.indices {
            for byte in 0x20...0x7E as ClosedRange<UInt8> {
                var changed = lower
                changed[place] = byte
                let isSame = Character(UnicodeScalar(byte)).lowercased().utf8.first == lower[place]
                #expect(Self.equalsFolded(changed, literal) == isSame)
                #expect(Self.hasPrefix(changed, literal) == (byte == lower[place]))
                changed.append(byte)
                #expect(Self.hasFoldedPrefix(changed, literal) == isSame)
                #expect(!Self.equalsFolded(changed, literal))
            }
        }
        #expect(!Self.hasFoldedPrefix(lower.dropLast(), literal))
    }

    private static let lettersAndDigits =
        Array(UInt8(ascii: "a")...UInt8(ascii: "z")) + Array(UInt8(ascii: "A")...UInt8(ascii: "Z"))
        + Array(UInt8(ascii: "0")...UInt8(ascii: "9"))

    private static func equalsFolded(_ bytes: [UInt8], _ literal: StaticString) -> Bool {
        HTTPBytes.equalsFolded(bytes.span, literal)
    }

    private static func hasFoldedPrefix(_ bytes: [UInt8], _ literal: StaticString) -> Bool {
        HTTPBytes.hasFoldedPrefix(bytes.span, literal)
    }

    private static func hasPrefix(_ bytes: [UInt8], _ literal: StaticString) -> Bool {
        HTTPBytes.hasPrefix(bytes.span, literal)
    }
}
