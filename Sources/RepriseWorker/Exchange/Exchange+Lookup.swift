import RepriseCore

extension Exchange {
    /// The request's body is here.
    func take(requestBody body: Span<UInt8>) -> Step {
        guard phase == .requestBody else { return .done }
        let plan = RequestPolicy.plan(
            head, directives, upstream: settings.upstreams[upstream],
            sharesCredentials: settings.sharesCredentials, body: body)
        switch plan {
        case .bypass(let reason):
            return bypass(reason, .read)
        case .cacheable(var request):
            let material = request.keyMaterial
            // Hashed once, it is of no more use, and it is as long as the body.
            request.keyMaterial = []
            cacheable = request
            phase = .keyDigests
            return .hash([material, KeyMaterial.credentialScope(of: head)])
        }
    }

    /// The request's body is longer than the limit.
    func requestBodyTooLarge() -> Step {
        phase = .over
        return OwnError.bodyTooLarge(limit: settings.maximumBodySize).step()
    }

    /// The request's body broke off.
    func requestBodyIncomplete() -> Step {
        phase = .over
        return OwnError.incompleteRequest.step()
    }

    /// The store has answered; nil: with nothing, or not at all.
    func take(storedText text: Span<UInt8>?) -> Step {
        guard phase == .storedText else { return .done }
        guard let text else { return miss(.uriMiss) }
        do throws(EntryError) {
            let (metadata, body) = try EntryCodec.decode(text)
            loaded = StoredResponse(metadata: metadata, body: body)
            phase = .entryDigest
            return .hash([body])
        } catch {
            return damaged()
        }
    }

    /// Digests that were asked for are here.
    ///
    /// - Parameter now: Milliseconds since the epoch.
    func take(digests: Span<UInt8>, now: Int64) -> Step {
        switch phase {
        case .keyDigests: takeKey(digests)
        case .entryDigest: takeEntry(digest: digests, now: now)
        case .bodyDigest: takeBody(digest: digests, now: now)
        default: .done
        }
    }

    private func takeKey(_ digests: Span<UInt8>) -> Step {
        guard digests.count == 2 * CacheKey.length,
            let key = CacheKey(digest: digests.extracting(0..<CacheKey.length))
        else { return .done }
        self.key = key
        credentialScope = digests.extracting(CacheKey.length..<digests.count)
            .withUnsafeBufferPointer { Array($0) }
        if directives.skipsLookup {
            return miss(.request, directives.refresh == true ? .refresh : nil)
        }
        phase = .storedText
        return .load(key.storeName)
    }

    private func takeEntry(digest: Span<UInt8>, now: Int64) -> Step {
        let digest = digest.withUnsafeBufferPointer { Array($0) }
        guard let stored = loaded, digest == stored.metadata.bodyDigest else { return damaged() }
        loaded = nil
        let metadata = stored.metadata
        let verdict = Freshness.judge(
            storedAt: metadata.storedAt, ttl: metadata.ttl, directives: directives, now: now)
        switch verdict {
        case .fresh(let ttl):
            phase = .over
            return .respond(answer(stored, .hit(ttl: ttl), now: now), .hashed)
        case .stale(let ttl):
            phase = .over
            return .respond(answer(stored, .hit(ttl: ttl), now: now), .hashed)
        case .unusable(let reason):
            stale = Freshness.allowsStaleIfError(
                storedAt: metadata.storedAt, ttl: metadata.ttl, directives: directives, now: now
            ).map { StaleResponse(stored: stored, ttl: $0) }
            return miss(reason)
        }
    }

    /// An entry that is not what was stored is a miss, and is removed.
    private func damaged() -> Step {
        loaded = nil
        flags.insert(.removesEntry)
        return miss(.uriMiss)
    }

    private func miss(_ reason: ForwardReason, _ detail: CacheStatus.Detail? = nil) -> Step {
        forwardReason = reason
        forwardDetail = detail
        if directives.onlyIfCached {
            phase = .over
            return OwnError.notCached.step(.generated(.onlyIfCached))
        }
        return forward(.read)
    }

    /// A stored response as a client sees it: the stored headers, how old it is (RFC 9111 §5.1),
    /// and what the cache did.
    func answer(_ stored: StoredResponse, _ status: CacheStatus, now: Int64) -> Step.Answer {
        let metadata = stored.metadata
        var age: [UInt8] = []
        age.append(decimal: Freshness.age(storedAt: metadata.storedAt, now: now))
        return Step.Answer(
            status: metadata.status,
            headers: metadata.headers + [
                HeaderField(name: .init("age"), value: age), status.field,
            ])
    }
}
