import RepriseCore

extension CanonicalJSON {
    /// The canonical form of a document that is all of the bytes.
    static func form(of document: [UInt8]) throws(JSONError) -> [UInt8] {
        var output: [UInt8] = []
        try append(document.span, to: &output)
        return output
    }

    /// The canonical form of a document as text, for documents in ASCII: equal strings may have
    /// different bytes elsewhere.
    static func form(of document: String) throws(JSONError) -> String {
        String(decoding: try form(of: Array(document.utf8)), as: UTF8.self)
    }
}
