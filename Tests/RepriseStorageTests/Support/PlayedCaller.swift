import RepriseCore
import RepriseNetwork
import RepriseStorage
import Testing

/// Calls stores on a ``PlayedNetwork``, and lets it run until they have answered.
struct PlayedCaller {
    let network: PlayedNetwork

    init(_ network: PlayedNetwork) {
        self.network = network
    }

    func load(_ number: Int, from store: some ResponseStore) throws(StoreError) -> [UInt8]? {
        let answer = Answer<[UInt8]?>()
        _ = store.load(SampleResponses.key(number), on: network.loop) { answer.result = $0 }
        network.run()
        return try answer.get()
    }

    func write(_ batch: [StoreWrite], to store: some ResponseStore) throws(StoreError) {
        let answer = Answer<Void>()
        store.write(batch) { answer.result = $0 }
        network.run()
        try answer.get()
    }

    func save(to store: some ResponseStore, _ entries: [StoredEntry]) throws(StoreError) {
        try write(entries.map { .save($0) }, to: store)
    }

    func remove(_ number: Int, from store: some ResponseStore) throws(StoreError) {
        try write([.remove(SampleResponses.key(number))], to: store)
    }

    func maintain(_ store: some ResponseStore) throws(StoreError) {
        let answer = Answer<Void>()
        store.maintain { answer.result = $0 }
        network.run()
        try answer.get()
    }

    func close(_ store: some ResponseStore) {
        let answer = Answer<Void>()
        store.close { answer.result = .success(()) }
        network.run()
        #expect(answer.result != nil)
    }

    /// What has been answered; `@unchecked Sendable` as a played network has one thread.
    final class Answer<Value>: @unchecked Sendable {
        var result: Result<Value, StoreError>?

        func get() throws(StoreError) -> Value {
            guard let result else { throw .timedOut }
            return try result.get()
        }
    }
}
