/// The canonical form of JSON documents: equal for documents that say the same, and only for those.
public enum CanonicalJSON {
    /// Appends the canonical form of a whole document.
    public static func append(
        _ document: Span<UInt8>, to output: inout [UInt8]
    ) throws(JSONError) {
        throw .invalid
    }
}
