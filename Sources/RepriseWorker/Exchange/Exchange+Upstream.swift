import RepriseCore

extension Exchange {
    /// The upstream gave no head.
    func take(failure: UpstreamFailure, reason: [UInt8], now: Int64) -> Step {
        guard phase == .responseHead || phase == .responseBody else { return .done }
        phase = .over
        if let stale { return standIn(stale, now: now) }
        return OwnError.upstream(failure, reason: reason).step(status())
    }

    /// The head of the upstream's response is here.
    func take(response: ResponseHead, now: Int64) -> Step {
        guard phase == .responseHead else { return .done }
        if let stale, Freshness.isServerError(status: response.status) {
            phase = .over
            return standIn(stale, now: now)
        }
        self.response = response
        phase = .responseBody
        let mayStore = isCacheable && directives.mayStore
        if mayStore, let cacheable {
            recording = Recording(
                request: cacheable, head: response, now: now, limit: settings.maximumEntrySize)
        }
        // Only when a document is whole is it known whether it is stored, and one that breaks off is
        // an error rather than half an answer.
        isCollecting = mayStore && response.status == 200 && isJSON(response)
        if isCollecting { return .collect }
        return .stream(
            live(response, status(stored: mayStore && response.status == 200)), soFar: [],
            isRecorded: isRecorded)
    }

    /// The next bytes of the response are here.
    func take(chunk: Span<UInt8>, now: Int64) -> Step {
        guard phase == .responseBody else { return .done }
        recording?.consume(chunk, now: now)
        guard let response, let recording, recording.isTooLong else {
            return .proceed(isRecorded: isCollecting || isRecorded)
        }
        self.recording?.drop()
        guard isCollecting else { return .proceed(isRecorded: false) }
        isCollecting = false
        return .stream(
            live(response, status(detail: .rejection(.tooLarge))), soFar: recording.body,
            isRecorded: false)
    }

    /// The client has left: a response that may be stored has been paid for, and is finished.
    func clientIsGone() -> Step {
        .proceed(isRecorded: settings.finishesAlone && phase == .responseBody && isRecorded)
    }

    /// The response is over.
    ///
    /// - Parameter isClean: Whether it ended, rather than broke off.
    func endResponse(isClean: Bool, now: Int64) -> Step {
        guard phase == .responseBody, let response else { return .done }
        guard isClean else {
            if isCollecting { return take(failure: .connectionLost, reason: [], now: now) }
            phase = .over
            return .done
        }
        guard let recording, !recording.isTooLong else {
            phase = .over
            return .done
        }
        let verdict = recording.judge.finish(
            body: recording.body.span, framingComplete: isFramed(response, recording.body.count))
        switch verdict {
        case .storable(let usage):
            self.recording?.usage = usage
            phase = .bodyDigest
            return .hash([recording.body])
        case .rejected(let rejection):
            phase = .over
            self.recording = nil
            guard isCollecting else { return .done }
            return .respond(
                live(response, status(detail: .rejection(rejection))), .inline(recording.body))
        }
    }

    private var isRecorded: Bool { recording?.isWorthFinishing == true }

    private func standIn(_ stale: StaleResponse, now: Int64) -> Step {
        let status = CacheStatus.hit(ttl: stale.ttl, detail: .staleIfError)
        return .respond(answer(stale.stored, status, now: now), .inline(stale.stored.body))
    }

    /// The head of a live response as the client is to see it.
    func live(_ response: ResponseHead, _ status: CacheStatus) -> Step.Answer {
        var headers = HeaderPolicy.toClient(response.headers, cacheable: isCacheable)
        let field = HeaderField(name: .init("cache-status"), value: status.value(after: headers))
        headers.removeAll { $0.isNamed("cache-status") }
        headers.append(field)
        if isCollecting { headers.removeAll { $0.isNamed("content-length") } }
        return Step.Answer(status: response.status, headers: headers)
    }

    /// Whether the framing, as far as `fetch` shows it, proves the body whole.
    ///
    /// `fetch` fails when a declared length is not met or the last chunk is missing, but does not
    /// tell a body that the closing of its connection ended. A document that parses whole and a
    /// stream that reached its terminal marker prove themselves; audio does not.
    private func isFramed(_ response: ResponseHead, _ length: Int) -> Bool {
        if let declared = response.headers.first(named: "content-length") {
            var actual: [UInt8] = []
            actual.append(decimal: Int64(length))
            return declared == actual
        }
        return response.headers.first(named: "transfer-encoding") != nil
            || cacheable?.endpoint != .speech
            || (response.headers.first(named: "content-type") ?? []).starts(
                with: [UInt8]("text/event-stream"))
    }

    private func isJSON(_ response: ResponseHead) -> Bool {
        let type = response.headers.first(named: "content-type") ?? []
        return HeaderField(name: Array(type.prefix(16)), value: []).isNamed("application/json")
    }
}
