extension Exchange {
    /// The upstream is being asked.
    ///
    /// - Parameter isCollapsed: Whether by another request's call.
    public mutating func fetching(isCollapsed: Bool) {
        guard state == .fetching, isCacheable else { return }
        self.isCollapsed = isCollapsed
        record.outcome = isCollapsed ? .collapsed : .miss
    }

    /// The head of the upstream's response is here.
    ///
    /// - Parameter now: Milliseconds since the epoch.
    public mutating func responseBegan(_ response: ResponseHead, now: Int64) -> ExchangeStep {
        guard state == .fetching else { return .wait }
        if let stale, Freshness.isServerError(status: response.status) {
            return standIn(stale, now: now)
        }
        guard directives.mayStore, let cacheable else { return deliver(response, willStore: false) }
        switch ResponseKind(response, endpoint: cacheable.endpoint) {
        case .unstorable(let rejection):
            return deliver(response, willStore: false, rejection)
        case .document:
            // Only when it is whole is it known whether it is stored, and one that breaks off is an
            // error rather than half an answer.
            self.response = response
            state = .holding
            return .hold
        case .stream, .audio:
            return deliver(response, willStore: true)
        }
    }

    /// A document that is waited for does not end soon, or is too long to be kept.
    ///
    /// - Parameter rejection: Why it will not be stored, if that is known.
    public mutating func holdEnded(_ rejection: StoreRejection? = nil) -> ExchangeStep {
        guard state == .holding, let response else { return .wait }
        return deliver(response, willStore: rejection == nil, rejection)
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
            stale = nil
            self.response = nil
            recordStoring(result)
            record.status = response.status
            var detail: CacheStatus.Detail?
            if case .rejected(let rejection) = result { detail = .rejection(rejection) }
            return .deliverWhole(
                ResponseHeads.live(
                    response, status(stored: result == .stored, detail: detail),
                    isCacheable: isCacheable, length: length))
        case .delivering:
            state = .done
            recordStoring(result)
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
        if record.status == 0 {
            // Nobody sees it; the status is the one that nginx logs.
            record.status = 499
            if record.outcome == .own { record.outcome = .error }
            if record.reason == nil { record.reason = "client_closed" }
        }
        record.isCut = state == .delivering
        stale = nil
        response = nil
        state = .done
    }

    private mutating func deliver(
        _ response: ResponseHead, willStore: Bool, _ rejection: StoreRejection? = nil
    ) -> ExchangeStep {
        state = .delivering
        record.status = response.status
        // Until its end is seen.
        record.isCut = true
        if let rejection { record.reason = rejection.detail }
        // A stream may last for minutes: neither is of any more use.
        stale = nil
        self.response = nil
        return .deliver(
            ResponseHeads.live(
                response, status(stored: willStore, detail: rejection.map { .rejection($0) }),
                isCacheable: isCacheable))
    }

    private mutating func standIn(_ stale: StaleResponse, now: Int64) -> ExchangeStep {
        replay(stale.metadata, .hit(ttl: stale.ttl, detail: .staleIfError), now: now)
    }

    /// Says in the record what became of the response in the cache. Why it was not stored outweighs
    /// why it was asked for.
    private mutating func recordStoring(_ result: StoringResult) {
        guard isCacheable else { return }
        switch result {
        case .stored:
            if record.outcome == .miss { record.outcome = .stored }
        case .notAsked:
            break
        case .rejected(let rejection):
            record.reason = rejection.detail
        }
    }
}
