import RepriseCore

/// The notation of header names (RFC 9110 §5.1): tokens, whatever their case.
enum HeaderNameNotation {
    /// Reads names of headers to leave out of the key.
    ///
    /// - Throws: ``ValueFlaw`` also for a name that holds a credential: clients would be given each
    ///   other's answers.
    static func ignored(_ texts: [String]) throws(ValueFlaw) -> [String] {
        let names = try keyed(texts)
        for name in names where KeyMaterial.isCredential(Array(name.utf8).span) {
            throw ValueFlaw(
                "holds a credential; --share-across-credentials is how clients share answers",
                subject: .text(name))
        }
        return names
    }

    /// Reads names of headers, each once, in lower case.
    static func keyed(_ texts: [String]) throws(ValueFlaw) -> [String] {
        var names: [String] = []
        for text in texts {
            guard !text.isEmpty, text.utf8.allSatisfy(isTokenByte) else {
                // What stands behind a colon would be the header's value.
                throw ValueFlaw(
                    "is not the name of a header; write one such as x-tenant-id",
                    subject: .text(String(text.prefix { $0 != ":" })))
            }
            let name = text.lowercased()
            if !names.contains(name) { names.append(name) }
        }
        return names
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        0x30...0x39 ~= byte || 0x61...0x7A ~= byte | 0x20
            || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}
