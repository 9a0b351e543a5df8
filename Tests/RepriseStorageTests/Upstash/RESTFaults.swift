import NIOCore
import RepriseStorage
import RepriseTesting

/// What a load or a save of a store came to.
enum StoreOutcome: Equatable {
    case text(String?)
    case done
    case failed(StoreError)

    /// What the error says, for a test that looks for words.
    var words: String? {
        if case .failed(.unavailable(let reason)) = self { reason } else { nil }
    }
}

extension ResponseStore {
    /// Reads the entry of a number.
    func loading(_ number: Int) async -> StoreOutcome {
        do throws(StoreError) {
            return .text(try await load(SampleResponses.key(number)).map { String(buffer: $0) })
        } catch {
            return .failed(error)
        }
    }

    /// Stores a text as the entry of a number.
    func saving(_ number: Int, _ text: String) async -> StoreOutcome {
        do throws(StoreError) {
            try await save([SampleResponses.entry(number, text: Array(text.utf8))])
            return .done
        } catch {
            return .failed(error)
        }
    }

    /// Removes the entry of a number.
    func removing(_ number: Int) async -> StoreOutcome {
        do throws(StoreError) {
            try await remove([SampleResponses.key(number)])
            return .done
        } catch {
            return .failed(error)
        }
    }

    /// Reads the entry of a number in a task that is cancelled at once.
    func loadingCancelled(_ number: Int) async -> StoreOutcome {
        await withTaskGroup(of: StoreOutcome.self) { group in
            group.addTask { await loading(number) }
            group.cancelAll()
            return await group.next() ?? .done
        }
    }
}
