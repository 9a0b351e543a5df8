/// The texts that IP addresses have.
enum IPAddressText {
    /// Whether a text is an IPv4 address: four numbers up to 255 without zeros in front (RFC 3986
    /// §3.2.2, `IPv4address`).
    static func isVersion4(_ text: ArraySlice<UInt8>) -> Bool {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard 1...3 ~= part.count, part.allSatisfy({ 0x30...0x39 ~= $0 }),
                    part.count == 1 || part.first != UInt8(ascii: "0")
                else { return false }
                return part.reduce(Int32(0)) { $0 * 10 + Int32($1 - 0x30) } <= 255
            }
    }

    /// Whether a text is an IPv6 address (RFC 3986 §3.2.2, `IPv6address`; RFC 4291 §2.2): eight
    /// groups of one to four hexadecimal digits, the last two perhaps as an IPv4 address, and at
    /// most one `::` for groups of zeros.
    static func isVersion6(_ text: [UInt8]) -> Bool {
        guard 2...45 ~= text.count else { return false }
        var groups = 0
        var gap = false
        var position = 0
        if text[0] == colon {
            guard text[1] == colon else { return false }
            gap = true
            position = 2
        }
        while position < text.count {
            let end = text[position...].firstIndex(of: colon) ?? text.count
            let group = text[position..<end]
            if end == text.count, group.contains(UInt8(ascii: ".")) {
                guard isVersion4(group) else { return false }
                groups += 2
                position = end
                break
            }
            guard 1...4 ~= group.count, group.allSatisfy(isHexadecimal) else { return false }
            groups += 1
            position = end
            if position == text.count { break }
            position += 1
            if position < text.count, text[position] == colon {
                if gap { return false }
                gap = true
                position += 1
            } else if position == text.count {
                return false
            }
        }
        return gap ? groups <= 7 : groups == 8
    }

    private static let colon = UInt8(ascii: ":")

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        0x30...0x39 ~= byte || 0x61...0x66 ~= byte | 0x20
    }
}
