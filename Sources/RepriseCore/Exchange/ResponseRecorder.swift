/// The record of one response as it comes, from which an entry is made once the response is proven
/// complete.
///
/// It holds no bytes of the body: those are the driver's.
public struct ResponseRecorder: Sendable {
    /// More chunks than this are not told apart: their lengths add to the last one's.
    private static let chunkLimit = 4096

    private let head: ResponseHead
    private let sharing: Fetch.Sharing
    private let upstream: [UInt8]
    private let path: [UInt8]
    private let begun: Int64
    private let limit: Int64
    private var judge: ResponseJudge
    private var chunks: [StreamChunk] = []
    /// Bytes of the body so far.
    public private(set) var length: Int64 = 0

    /// Begins with the head of a response.
    ///
    /// - Parameters:
    ///   - fetch: What was asked.
    ///   - now: Milliseconds since the epoch.
    /// - Returns: nil when what was asked is never stored.
    public init?(_ fetch: Fetch, head: ResponseHead, settings: ExchangeSettings, now: Int64) {
        guard let sharing = fetch.sharing else { return nil }
        self.head = head
        self.sharing = sharing
        upstream = settings.upstreams[fetch.upstream]
        path = fetch.path
        begun = now
        limit = settings.maximumEntrySize
        // An event longer than the whole entry could never be stored.
        judge = ResponseJudge(
            request: sharing.request, head: head,
            eventLimit: Int(min(limit, Int64(Int32.max))))
    }

    /// Why the response will not be stored; nil while it may be.
    public var rejection: StoreRejection? {
        judge.rejection ?? (length > limit ? .tooLarge : nil)
    }

    /// Takes the next bytes of the body.
    ///
    /// - Parameter now: Milliseconds since the epoch.
    public mutating func consume(_ chunk: Span<UInt8>, now: Int64) {
        guard !chunk.isEmpty else { return }
        length += Int64(chunk.count)
        guard length <= limit else { return }
        judge.consume(chunk)
        if chunks.count < Self.chunkLimit {
            chunks.append(
                StreamChunk(milliseconds: max(0, now - begun), length: Int64(chunk.count)))
        } else {
            chunks[chunks.count - 1].length += Int64(chunk.count)
        }
    }

    /// Judges the whole body.
    ///
    /// - Parameters:
    ///   - body: All of it, the same bytes that were consumed.
    ///   - framingComplete: Whether HTTP's framing proves that it came to its end (RFC 9112 §8).
    /// - Returns: Why it is not stored; else what it cost, where the upstream said so.
    public func verdict(
        body: Span<UInt8>, framingComplete: Bool
    ) -> Result<Usage?, StoreRejection> {
        if let rejection { return .failure(rejection) }
        switch judge.finish(body: body, framingComplete: framingComplete) {
        case .rejected(let rejection): return .failure(rejection)
        case .storable(let usage): return .success(usage)
        }
    }

    /// What an entry says of the response.
    ///
    /// - Parameters:
    ///   - digest: SHA-256 of the body.
    ///   - terms: How it is stored.
    ///   - now: When it was whole, in milliseconds since the epoch.
    public func metadata(
        digest: [UInt8], usage: Usage?, terms: StoringTerms, now: Int64
    ) -> EntryMetadata {
        EntryMetadata(
            status: head.status, headers: HeaderPolicy.stored(head.headers), storedAt: now,
            ttl: terms.ttl, bodyLength: length, bodyDigest: digest, upstream: upstream, path: path,
            model: sharing.request.model, namespace: terms.namespace, usage: usage,
            tags: terms.tags, credentialScope: sharing.credentialScope, chunks: chunks)
    }
}
