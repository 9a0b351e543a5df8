import RepriseCore
import RepriseLogging
import RepriseNetwork
import RepriseProxy
import RepriseStorage

extension FastPath {
    /// Answers a request that has been seen before: the same fields in the same order, and the same
    /// body.
    ///
    /// - Parameters:
    ///   - stream: The request's, which is whole and has no response.
    ///   - body: All of its body.
    ///   - fingerprint: What stands for the request, should the whole way learn where it leads.
    /// - Returns: Whether it was answered.
    func answers(
        _ stream: HTTP2Stream, body: Span<UInt8>, _ fingerprint: inout RequestFingerprint?
    ) -> Bool {
        let head = stream.encodedHead
        guard head.count + body.count <= Self.longestRequest else { return false }
        let memory = proxy.proxy.store.memory
        let found = memory.fingerprint(head: head.span, body: body)
        fingerprint = found
        guard let hit = hit(for: found) else { return false }
        write(hit, to: stream)
        if proxy.proxy.logger.isEnabled(.info), let head = stream.head {
            let line = RequestLine(
                method: head.method, target: head.target, begun: proxy.loop.now)
            log(hit, line)
        }
        return true
    }

    /// Writes what the whole way would write: see ``ResponseHeads`` and ``HTTP2Exchange``.
    private func write(_ hit: Hit, to stream: HTTP2Stream) {
        let metadata = hit.stored.metadata
        fields.begin(status: Int(metadata.status))
        for field in metadata.headers {
            fields.append(name: field.name.span, value: field.value.span)
        }
        fields.append(
            "age", number: Freshness.age(storedAt: metadata.storedAt, now: hit.now))
        fields.append("cache-status") { hit.status.append(to: &$0) }
        fields.append("content-length", number: Int64(hit.stored.body.count))
        fields.append("date") { $0.append(contentsOf: clock.bytes(at: hit.now)) }
        stream.respond(fields, body: hit.stored.body)
    }
}
