extension Exchange {
    /// The upstream is being asked.
    ///
    /// - Parameter isCollapsed: Whether by another request's call.
    public mutating func fetching(isCollapsed: Bool) {
        self.isCollapsed = isCollapsed
        if isCollapsed, state == .fetching { record.outcome = .collapsed }
    }

    /// The head of the upstream's response is here.
    ///
    /// - Parameter now: Milliseconds since the epoch.
    public mutating func responseBegan(_ response: ResponseHead, now: Int64) -> ExchangeStep {
        guard state == .fetching else { return .wait }
        if let stale, Freshness.isServerError(status: response.status) {
            return standIn(stale, now: now)
        }
        self.response = response
        // Only when a document is whole is it known whether it is stored, and one that breaks off is
        // an error rather than half an answer.
        if mayStore, response.status == 200, ResponseHeads.isDocument(response) {
            state = .holding
            return .hold
        }
        return deliver(response, willStore: mayStore && response.status == 200)
    }

    /// A document that is waited for does not end soon, or is too long to be kept.
    ///
    /// - Parameter rejection: Why it will not be stored, if that is known.
    public mutating func holdEnded(_ rejection: StoreRejection? = nil) -> ExchangeStep {
        guard state == .holding, let response else { return .wait }
        return deliver(
            response, willStore: rejection == nil, detail: rejection.map { .rejection($0) })
    }

    /// The response has come to its clean end.
    ///
    /// - Parameters:
    ///   - length: Bytes of the body.
    ///   - result: What became of it in the cache.
    public mutating func responseEnded(length: Int64, _ result: StoringResult) -> ExchangeStep {
        switch state {
        case .holding:
            guard let response else { return .wait }
            state = .done
            note(result)
            record.status = response.status
            var detail: CacheStatus.Detail?
            if case .rejected(let rejection) = result { detail = .rejection(rejection) }
            return .deliverWhole(
                ResponseHeads.live(
                    response, status(stored: result == .stored, detail: detail),
                    isCacheable: isCacheable, length: length))
        case .delivering:
            state = .done
            note(result)
            record.isCut = false
            return .finish
        default:
            return .wait
        }
    }

    /// There is no response, or it broke off.
    ///
    /// - Parameter now: Milliseconds since the epoch.
    public mutating func responseFailed(_ failure: FetchFailure, now: Int64) -> ExchangeStep {
        switch state {
        case .fetching, .holding:
            record.failure = failure
            if let stale, failure.isUpstreams { return standIn(stale, now: now) }
            return fail(.upstream(failure), status())
        case .delivering:
            state = .done
            record.failure = failure
            return .cut
        default:
            return .wait
        }
    }

    /// The client has left: nothing that is sent arrives any more.
    public mutating func clientLeft() {
        guard state != .done else { return }
        // Nobody sees it; the status is the one that nginx logs.
        if record.status == 0 { record.status = 499 }
        record.isCut = state == .delivering
        state = .done
    }

    private mutating func deliver(
        _ response: ResponseHead, willStore: Bool, detail: CacheStatus.Detail? = nil
    ) -> ExchangeStep {
        state = .delivering
        record.status = response.status
        // Until its end is seen.
        record.isCut = true
        if let detail, record.reason == nil { record.reason = detail.token }
        self.response = nil
        return .deliver(
            ResponseHeads.live(
                response, status(stored: willStore, detail: detail), isCacheable: isCacheable))
    }

    private mutating func standIn(_ stale: StaleResponse, now: Int64) -> ExchangeStep {
        replay(stale.metadata, .hit(ttl: stale.ttl, detail: .staleIfError), now: now)
    }

    /// Takes down what became of the response in the cache.
    private mutating func note(_ result: StoringResult) {
        switch result {
        case .stored:
            if record.outcome == .miss { record.outcome = .stored }
        case .notAsked:
            break
        case .rejected(let rejection):
            if record.reason == nil { record.reason = rejection.detail }
        }
    }
}
