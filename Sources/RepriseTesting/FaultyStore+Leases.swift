public import RepriseCore
public import RepriseStorage

/// Leases last until they are ended: the store knows no time.
extension FaultyStore: LeasingStore {
    /// Takes a lease, as the behaviour of leases has it.
    public func takeLease(
        of key: CacheKey, for holder: LeaseHolder, lasting duration: Duration
    ) async throws(StoreError) -> Bool {
        try await proceedWithLease()
        return withLeases { leases in
            if leases[key] != nil { return false }
            leases[key] = holder
            return true
        }
    }

    /// Says whether the holder still has the lease, as the behaviour of leases has it.
    public func renewLease(
        of key: CacheKey, for holder: LeaseHolder, lasting duration: Duration
    ) async throws(StoreError) -> Bool {
        try await proceedWithLease()
        return self.holder(of: key) == holder
    }

    /// Ends a lease, as the behaviour of leases has it.
    public func endLease(of key: CacheKey, for holder: LeaseHolder) async throws(StoreError) {
        try await proceedWithLease()
        withLeases { leases in
            if leases[key] == holder { leases[key] = nil }
        }
    }

    /// Whether anybody has the lease, as the behaviour of leases has it.
    public func isLeased(_ key: CacheKey) async throws(StoreError) -> Bool {
        try await proceedWithLease()
        return holder(of: key) != nil
    }

    /// Who has the lease of a key, read past all faults.
    public func holder(of key: CacheKey) -> LeaseHolder? { withLeases { $0[key] } }

    /// Gives the lease of a key to somebody, or to nobody, past all faults.
    public func setHolder(_ holder: LeaseHolder?, of key: CacheKey) {
        withLeases { $0[key] = holder }
    }
}
