extension CacheKey {
    /// The name of the entry in a store that others use too, such as Redis: `reprise:` and the key in
    /// hexadecimal digits.
    public var storeName: [UInt8] {
        [UInt8]("reprise:") + hex
    }
}
