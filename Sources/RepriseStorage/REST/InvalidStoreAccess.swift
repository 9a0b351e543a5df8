/// Why a store with a REST API cannot be used as it is set.
public struct InvalidStoreAccess: Error, Equatable, Sendable, CustomStringConvertible {
    /// A sentence that names the variable and says what to do, without its value: a token may stand
    /// there.
    public let description: String
}
