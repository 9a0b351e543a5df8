import RepriseCore

extension Exchange {
    /// The digest of the whole response is here: it will be stored.
    func takeBody(digest: Span<UInt8>, now: Int64) -> Step {
        guard let recording, let response, digest.count == CacheKey.length else { return .done }
        storing = Storing(
            at: now, digest: digest.withUnsafeBufferPointer { Array($0) }, usage: recording.usage)
        phase = .entry
        flags.insert(.hasEntry)
        guard isCollecting else { return .done }
        var answer = live(response, status(stored: true))
        var length: [UInt8] = []
        length.append(decimal: Int64(recording.body.count))
        answer.headers.append(HeaderField(name: .init("content-length"), value: length))
        return .respond(answer, .hashed)
    }

    /// The entry, to be stored.
    func takeEntry() -> Step {
        guard phase == .entry, let storing, let recording, let response, let key else {
            return .done
        }
        phase = .over
        let ttl = directives.ttl ?? settings.defaultTTL
        let metadata = EntryMetadata(
            status: response.status, headers: HeaderPolicy.stored(response.headers),
            storedAt: storing.at, ttl: ttl, bodyLength: Int64(recording.body.count),
            bodyDigest: storing.digest, upstream: settings.upstreams[upstream], path: head.path,
            model: cacheable?.model, namespace: directives.namespace, usage: storing.usage,
            tags: directives.tags, credentialScope: credentialScope, chunks: recording.chunks)
        return .save(
            name: key.storeName, text: EntryCodec.encode(metadata, body: recording.body.span),
            milliseconds: Freshness.retainedUntil(storedAt: storing.at, ttl: ttl).map {
                $0 - storing.at
            })
    }
}
