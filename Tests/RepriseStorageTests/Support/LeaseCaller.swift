import RepriseCore
import RepriseNetwork

@testable import RepriseStorage

/// Leases as a test with tasks asks for them.
extension StoreCaller {
    private func ask(
        _ call:
            @escaping @Sendable (
                any LeasingStore, any EventLoop,
                @escaping @Sendable (Result<Bool, StoreError>) -> Void
            ) -> Void
    ) async throws(StoreError) -> Bool {
        guard let store = store as? any LeasingStore else {
            throw .unavailable("the store has no leases")
        }
        return try await withCheckedContinuation { continuation in
            loop.post { [loop] in call(store, loop) { continuation.resume(returning: $0) } }
        }.get()
    }

    func takeLease(
        of number: Int, for holder: LeaseHolder, lasting time: Duration
    ) async throws(StoreError) -> Bool {
        try await ask {
            $0.takeLease(
                of: SampleResponses.key(number), for: holder, lasting: time, on: $1, $2)
        }
    }

    func renewLease(
        of number: Int, for holder: LeaseHolder, lasting time: Duration
    ) async throws(StoreError) -> Bool {
        try await ask {
            $0.renewLease(
                of: SampleResponses.key(number), for: holder, lasting: time, on: $1, $2)
        }
    }

    @discardableResult
    func endLease(of number: Int, for holder: LeaseHolder) async throws(StoreError) -> Bool {
        try await ask { $0.endLease(of: SampleResponses.key(number), for: holder, on: $1, $2) }
    }

    func newHolder() -> LeaseHolder { LeaseHolder(on: loop) }
}
