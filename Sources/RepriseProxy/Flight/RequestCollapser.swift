import RepriseCore
import Synchronization

/// The flights under way by key: many askers, one upstream call.
///
/// After groupcache's `singleflight`, with two differences: a late asker gets the response as a
/// stream from its first byte, and a flight whose beginning is gone is replaced by a new one.
final class RequestCollapser: Sendable {
    private let flights = Mutex<[CacheKey: Flight]>([:])

    /// What ``join(_:storing:takesOthersAnswer:recheck:makeFlight:)`` came to.
    enum Joined<Found> {
        /// A response was stored while the asker was on its way here.
        case found(Found)
        /// The asker reads a flight that another started.
        case collapsed(FlightReader)
        /// The asker reads a flight that is to be launched by it.
        case leads(FlightReader, Flight)
    }

    /// Joins the flight for a key, or makes one.
    ///
    /// - Parameters:
    ///   - takesOthersAnswer: Whether another server's call may answer the asker.
    ///   - recheck: Looks into the memory tier again before a flight is made: the one that was
    ///     missed may have landed since. Called with the lock held, so it must not block.
    ///   - makeFlight: Makes a flight that has not started, with the asker for its leader.
    func join<Found>(
        _ key: CacheKey, storing: StoringTerms?, takesOthersAnswer: Bool = true,
        recheck: () -> Found?, makeFlight: () -> Flight
    ) -> Joined<Found> {
        flights.withLock { flights in
            let reader = flights[key]?.join(
                storing: storing, takesOthersAnswer: takesOthersAnswer)
            if let reader { return .collapsed(reader) }
            if let found = recheck() { return .found(found) }
            let flight = makeFlight()
            flights[key] = flight
            return .leads(FlightReader(leading: flight), flight)
        }
    }

    /// Whether a call for a key is under way.
    func isUnderWay(_ key: CacheKey) -> Bool {
        flights.withLock { $0[key] != nil }
    }

    /// Takes a flight out, so that later askers start anew.
    ///
    /// A flight that lands is committed to the memory tier before this: then an asker either joins
    /// it or finds its entry.
    func remove(_ key: CacheKey, _ flight: Flight) {
        flights.withLock { flights in
            if flights[key] === flight { flights[key] = nil }
        }
    }
}
