/// Why a text is not an entry that can be replayed.
public enum EntryError: Error, Equatable, Sendable {
    /// It is not of the form.
    case malformed
    /// It is of a version that is not known here.
    case unknownVersion
    /// The body is not as long as the metadata say.
    case wrongLength
}
