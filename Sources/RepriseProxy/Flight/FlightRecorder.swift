import Crypto
import NIOCore
import RepriseCore
import RepriseStorage

/// What it takes to store the response of a flight.
///
/// This and ``FlightRecording`` are objects so that the tasks of a long response hold little.
final class FlightRecorder: Sendable {
    let key: CacheKey
    let request: CacheableRequest
    let head: RequestHead
    /// The upstream's base URL.
    let upstream: String

    /// Makes a recorder for the response to a request.
    init(key: CacheKey, request: CacheableRequest, head: RequestHead, upstream: String) {
        self.key = key
        var request = request
        // As long as the prompt, and of no more use.
        request.keyMaterial = []
        self.request = request
        self.head = head
        self.upstream = upstream
    }

    /// Begins the recording of a response.
    ///
    /// - Parameter credentialScope: What ``credentialScope()`` gave.
    func recording(of head: ResponseHead, credentialScope: [UInt8]) -> FlightRecording {
        FlightRecording(recorder: self, head: head, credentialScope: credentialScope)
    }

    /// The digest of the request's credentials that goes into the entry.
    func credentialScope() -> [UInt8] {
        SHA256.hash(data: KeyMaterial.credentialScope(of: head)).withUnsafeBytes { Array($0) }
    }
}

/// The recording of one response: judged as it comes, stored when it is proven complete.
final class FlightRecording {
    /// More chunks than this are not told apart: their lengths add to the last one's.
    private static let chunkLimit = 4096

    private let recorder: FlightRecorder
    private let head: ResponseHead
    private let credentialScope: [UInt8]
    private let begun = ContinuousClock.now
    private var judge: ResponseJudge
    private var chunks: [StreamChunk] = []
    /// The body in one piece, as far as it is gathered; nil when it has become too long for that.
    private var body: ByteBuffer? = ByteBuffer()
    /// The digest of the body, worked out as it comes: a stream's end is waited for.
    private var digest = SHA256()

    /// The longest body that is gathered as it comes. The flight keeps its pieces as well.
    private static let longestGathered = 64 << 10

    init(recorder: FlightRecorder, head: ResponseHead, credentialScope: [UInt8]) {
        self.recorder = recorder
        self.head = head
        self.credentialScope = credentialScope
        judge = ResponseJudge(request: recorder.request, head: head)
    }

    /// Whether the response may yet be stored.
    var isWorthFinishing: Bool { judge.rejection == nil }

    func consume(_ chunk: ByteBuffer) {
        judge.consume(chunk.readableBytesUInt8Span)
        chunk.withUnsafeReadableBytes { digest.update(bufferPointer: $0) }
        gather(chunk)
        if chunks.count < Self.chunkLimit {
            let elapsed = (ContinuousClock.now - begun) / .milliseconds(1)
            chunks.append(
                StreamChunk(
                    milliseconds: Int64(elapsed), length: Int64(chunk.readableBytes)))
        } else {
            chunks[chunks.count - 1].length += Int64(chunk.readableBytes)
        }
    }

    private func gather(_ chunk: ByteBuffer) {
        guard let length = body?.readableBytes else { return }
        if length + chunk.readableBytes > Self.longestGathered {
            body = nil
        } else if length == 0 {
            // Most documents come in one piece, and are not copied.
            body = chunk
        } else {
            body?.writeImmutableBuffer(chunk)
        }
    }

    /// Ends the recording, and stores the response if it may be.
    ///
    /// - Parameters:
    ///   - isFramed: Whether the framing proves that the body came to its end.
    ///   - now: Milliseconds since the epoch.
    func finish(
        _ flight: Flight, isFramed: Bool, store: TieredStore, now: Int64
    ) -> StoringResult {
        guard flight.isRetained, let body = body ?? flight.retainedBody else {
            return .rejected(.tooLarge)
        }
        let verdict = judge.finish(
            body: body.readableBytesUInt8Span, framingComplete: isFramed)
        let usage: Usage?
        switch verdict {
        case .rejected(let rejection): return .rejected(rejection)
        case .storable(let found): usage = found
        }
        guard let terms = flight.storing else { return .notAsked }
        let metadata = EntryMetadata(
            status: head.status, headers: HeaderPolicy.stored(head.headers), storedAt: now,
            ttl: terms.ttl, bodyLength: Int64(body.readableBytes),
            bodyDigest: digest.finalize().withUnsafeBytes { Array($0) },
            upstream: Array(recorder.upstream.utf8), path: recorder.head.path,
            model: recorder.request.model, namespace: terms.namespace, usage: usage,
            tags: terms.tags,
            credentialScope: credentialScope, chunks: chunks)
        store.commit(recorder.key, CachedResponse(metadata: metadata, body: body))
        return .stored
    }
}
