extension KeyMaterial {
    /// Tells whether a header holds a credential, by its name.
    ///
    /// Names that end in `authorization`, `-key`, `apikey`, `-token`, `-auth` or `-secret` do, but
    /// for those that end in `idempotency-key`. Gateways give their credentials names of their own,
    /// so a list of names would not hold them all.
    ///
    /// - Parameter name: The header's name, ASCII letters in either case.
    public static func isCredential(_ name: Span<UInt8>) -> Bool {
        guard !name.isEmpty else { return false }
        // Most names are told by their last letter.
        switch name[name.count - 1] | 0x20 {
        case UInt8(ascii: "n"):
            return ends(name, in: "authorization") || ends(name, in: "-token")
        case UInt8(ascii: "y"):
            return ends(name, in: "-key") && !ends(name, in: "idempotency-key")
                || ends(name, in: "apikey")
        case UInt8(ascii: "h"):
            return ends(name, in: "-auth")
        case UInt8(ascii: "t"):
            return ends(name, in: "-secret")
        default:
            return false
        }
    }

    private static func ends(_ name: Span<UInt8>, in literal: StaticString) -> Bool {
        let start = name.count - literal.utf8CodeUnitCount
        guard start >= 0 else { return false }
        for offset in 0..<literal.utf8CodeUnitCount {
            let byte = name[start + offset]
            let folded = 0x41...0x5A ~= byte ? byte | 0x20 : byte
            if folded != literal.utf8Start[offset] { return false }
        }
        return true
    }
}
