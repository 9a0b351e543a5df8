/// The key of a stored response: a SHA-256 digest of ``KeyMaterial``.
public struct CacheKey: Hashable, Sendable {
    /// How many bytes a key has.
    public static let length = 32

    // Words, most significant byte first, so that a key is compared and copied without allocation.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// Makes a key from a digest.
    ///
    /// - Parameter digest: 32 bytes; nil is returned for any other number.
    public init?(digest: Span<UInt8>) {
        guard digest.count == Self.length else { return nil }
        func word(_ index: Int) -> UInt64 {
            var word: UInt64 = 0
            for position in index * 8..<index * 8 + 8 {
                word = word << 8 | UInt64(digest[position])
            }
            return word
        }
        words = (word(0), word(1), word(2), word(3))
    }

    /// Makes a key from its text form.
    ///
    /// - Parameter hex: 64 hexadecimal digits of either case; nil is returned for anything else.
    public init?(hex: Span<UInt8>) {
        guard hex.count == Self.length * 2 else { return nil }
        var digest: [UInt8] = []
        digest.reserveCapacity(Self.length)
        for position in 0..<Self.length {
            guard let high = JSONScan.hexDigit(hex[position * 2]),
                let low = JSONScan.hexDigit(hex[position * 2 + 1])
            else { return nil }
            digest.append(high << 4 | low)
        }
        self.init(digest: digest.span)
    }

    /// The digest, 32 bytes.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.length)
        func append(_ word: UInt64) {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        append(words.0)
        append(words.1)
        append(words.2)
        append(words.3)
        return bytes
    }

    /// The text form: 64 lower-case hexadecimal digits.
    public var hex: [UInt8] {
        var hex: [UInt8] = []
        hex.reserveCapacity(Self.length * 2)
        for byte in bytes {
            hex.append(Self.hexDigit(byte >> 4))
            hex.append(Self.hexDigit(byte & 0xF))
        }
        return hex
    }

    /// The lower-case digit of a value below 16.
    static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 + value : 0x61 + value - 10
    }

    /// Compares two keys byte for byte.
    public static func == (left: CacheKey, right: CacheKey) -> Bool {
        left.words == right.words
    }

    /// Feeds all of the digest to a hasher.
    public func hash(into hasher: inout Hasher) {
        // Any eight bytes of a SHA-256 tell keys apart as well as all of them do.
        hasher.combine(words.0)
    }

    /// A number to choose a shard by: evenly spread, independent of the hash.
    public var spread: Int { Int(truncatingIfNeeded: words.3) & Int.max }
}
