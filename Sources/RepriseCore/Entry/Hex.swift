/// Bytes as pairs of hexadecimal digits.
enum Hex {
    /// Two lower-case digits for each byte.
    static func encode(_ bytes: [UInt8]) -> [UInt8] {
        bytes.flatMap { [CacheKey.hexDigit($0 >> 4), CacheKey.hexDigit($0 & 0xF)] }
    }

    /// The bytes; nil when the text has another byte than a digit, or an odd number of them.
    static func decode(_ text: [UInt8]) -> [UInt8]? {
        guard text.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2)
        var index = 0
        while index < text.count {
            guard let high = JSONScan.hexDigit(text[index]),
                let low = JSONScan.hexDigit(text[index + 1])
            else { return nil }
            bytes.append(UInt8(high << 4 | low))
            index += 2
        }
        return bytes
    }
}
