/// One step through a JSON document: a bracket, a member's name or a scalar value.
///
/// Ranges are offsets into the bytes that were read; the bytes themselves stay with the caller.
public enum JSONToken: Equatable, Sendable {
    /// `{`
    case beginObject
    /// `}`
    case endObject
    /// `[`
    case beginArray
    /// `]`
    case endArray
    /// The name of the member whose value comes next, between its quotes, escapes as written.
    case name(Range<Int>)
    /// A string value, between its quotes, escapes as written.
    case string(Range<Int>)
    /// A number as written.
    case number(Range<Int>)
    /// `true` or `false`
    case bool(Bool)
    /// `null`
    case null
}
