import RepriseCore

/// How an upstream call ended.
enum FlightOutcome: Equatable, Sendable {
    /// The body came to its end.
    case complete(StoringResult)
    /// There is no more to come, and what came is not whole.
    case failed(FlightFailure)
}

/// What became of a whole response in the cache.
enum StoringResult: Equatable, Sendable {
    case stored
    /// No reader allowed storing, or the request is not a cacheable one.
    case notAsked
    /// Not proven complete, too long, or not a response that may be replayed.
    case rejected(StoreRejection)
}

/// Why a reader gets no more of a response.
enum FlightFailure: Error, Equatable, Sendable {
    /// The upstream could not be reached, timed out, or broke off.
    case upstream(UpstreamError)
    /// The reader fell too far behind the others of a response too long to be retained.
    case tooSlow
    /// The reader left.
    case left
    /// The call was given up: its last reader left, or the proxy shuts down.
    case cancelled
}
