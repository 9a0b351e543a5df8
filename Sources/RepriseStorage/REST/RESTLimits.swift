/// The bounds of a store that is reached by a REST API.
public struct RESTLimits: Sendable {
    /// How long a lookup or a lease may take.
    public var lookupDeadline = Duration.seconds(2)
    /// How long saving or removing a batch may take.
    public var writeDeadline = Duration.seconds(9)
    /// The largest body of a response that is stored, in bytes. An entry that is larger than such a
    /// body makes it, because somebody else stored it, is not read.
    public var maximumEntrySize = 8_000_000

    /// Makes the default limits.
    public init() {}
}
