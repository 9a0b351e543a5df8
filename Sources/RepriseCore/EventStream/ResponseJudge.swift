/// Decides whether a response is complete and may be stored: a proof is needed, doubt is a no.
///
/// It is fed the body as it comes and asked once at the end.
public struct ResponseJudge: Sendable {
    /// What a response comes to.
    public enum Verdict: Equatable, Sendable {
        /// It is complete; with what it cost where the upstream says so.
        case storable(Usage?)
        /// It is passed on and not stored.
        case rejected(StoreRejection)
    }

    private enum Form: Sendable {
        case rejected(StoreRejection)
        case document
        case stream(StreamJudge)
        case audio
    }

    private let endpoint: Endpoint
    private let finish: FinishRule
    private var form: Form

    /// Begins with what the head says.
    ///
    /// - Parameters:
    ///   - request: What was asked.
    ///   - head: The head of the answer. Its content type decides how the body is judged, whether or
    ///     not a stream was asked for.
    ///   - eventLimit: Bytes that one event of a stream may hold; a larger one is not stored.
    public init(request: CacheableRequest, head: ResponseHead, eventLimit: Int = 32 << 20) {
        endpoint = request.endpoint
        finish = FinishRule(request)
        form =
            switch ResponseKind(head, endpoint: request.endpoint) {
            case .unstorable(let rejection): .rejected(rejection)
            case .document: .document
            case .stream: .stream(StreamJudge(request: request, eventLimit: eventLimit))
            case .audio: .audio
            }
    }

    /// Why the response is not stored, as soon as that is certain; nil while it may be.
    ///
    /// Once it is known, there is no use in recording the rest.
    public var rejection: StoreRejection? {
        switch form {
        case .rejected(let rejection): rejection
        case .stream(let stream): stream.rejection
        case .document, .audio: nil
        }
    }

    /// Takes the next bytes of the body.
    public mutating func consume(_ chunk: Span<UInt8>) {
        guard case .stream(var stream) = form else { return }
        // Taken out first, so that the stream's buffers are not copied on write.
        form = .document
        stream.consume(chunk)
        form = .stream(stream)
    }

    /// Ends the body.
    ///
    /// - Parameters:
    ///   - body: All of it, the same bytes that were consumed.
    ///   - framingComplete: Whether HTTP's framing proves that it came to its end (RFC 9112 §8).
    public func finish(body: Span<UInt8>, framingComplete: Bool) -> Verdict {
        if case .rejected(let rejection) = form { return .rejected(rejection) }
        guard framingComplete else { return .rejected(.framing) }
        switch form {
        case .rejected(let rejection): return .rejected(rejection)
        case .document: return DocumentJudge.judge(body, endpoint: endpoint, finish: finish)
        case .stream(let stream): return stream.verdict()
        case .audio: return body.isEmpty ? .rejected(.empty) : .storable(nil)
        }
    }
}
