/// Judges an event stream as it comes: whether it reached its dialect's terminal marker with no
/// error on the way, and nothing after it.
///
/// It holds one event at a time, so the scanner's limit bounds its memory.
struct StreamJudge: Sendable {
    /// Why the stream is not stored, as soon as that is certain.
    private(set) var rejection: StoreRejection?

    private let request: CacheableRequest
    private let finish: FinishRule
    private var scanner: EventStreamScanner
    /// Whether the dialect's own terminal marker was the last event that says anything.
    private var isTerminated = false
    /// Whether `[DONE]` has been seen.
    private var isDone = false
    /// The choices seen, by their index, and whether each has finished.
    private var choices: [(index: Int64, isFinished: Bool)] = []
    private var hasStopReason = false
    /// The images that came whole; nothing else says how many belong to the answer.
    private var imageCount: Int64 = 0
    private var usage = UsageCounts()

    private var endpoint: Endpoint { request.endpoint }

    /// Makes a judge of the answer to a request, for events of at most `eventLimit` bytes.
    init(request: CacheableRequest, eventLimit: Int) {
        self.request = request
        finish = FinishRule(request)
        scanner = EventStreamScanner(limit: eventLimit)
    }

    mutating func consume(_ chunk: Span<UInt8>) {
        var position = 0
        while rejection == nil, let event = scanner.next(chunk, from: &position) {
            rejection = judge(event)
        }
        if scanner.isOverrun { rejection = rejection ?? .eventTooLarge }
    }

    /// Ends the stream.
    func verdict() -> ResponseJudge.Verdict {
        if let rejection { return .rejected(rejection) }
        guard isTerminated else { return .rejected(.truncated) }
        guard scanner.isBetweenEvents else { return .rejected(.trailingData) }
        switch endpoint {
        case .chatCompletions, .completions:
            guard !choices.isEmpty, choices.allSatisfy({ $0.isFinished }) else {
                return .rejected(.finishReason)
            }
        case .messages:
            guard hasStopReason else { return .rejected(.finishReason) }
        default: break
        }
        return .storable(usage.usage)
    }

    private mutating func judge(_ event: EventStreamScanner.Event) -> StoreRejection? {
        if Self.isFailure(event.name) { return .errorEvent }
        let isPing = event.name.equals("ping")
        if event.data.equals("[DONE]") { return judgeDone() }
        let payload: Payload
        do throws(JSONError) {
            guard let read = try Payload(event.data.span) else {
                return isPing ? judgePing() : .notJSON
            }
            payload = read
        } catch {
            return isPing ? judgePing() : .notJSON
        }
        let type = payload.type ?? event.name
        if payload.hasError || Self.isFailure(type) { return .errorEvent }
        if isPing || type.equals("ping") { return judgePing() }
        if isDone || isTerminated { return .trailingData }
        usage.merge(payload.usage)
        return note(payload, type)
    }

    /// Takes a ping, which says nothing: Anthropic's may come at any time, but after another dialect's
    /// end nothing may follow.
    private func judgePing() -> StoreRejection? {
        isDone || isTerminated && endpoint != .messages ? .trailingData : nil
    }

    /// Takes `[DONE]`, which ends the two older dialects; some gateways send it after every other
    /// one too, where it proves nothing.
    private mutating func judgeDone() -> StoreRejection? {
        if isDone { return .trailingData }
        isDone = true
        if endpoint == .chatCompletions || endpoint == .completions { isTerminated = true }
        return nil
    }

    private mutating func note(_ payload: Payload, _ type: [UInt8]) -> StoreRejection? {
        switch endpoint {
        case .chatCompletions, .completions:
            for choice in payload.choices ?? [] {
                if let rejection = note(choice) { return rejection }
            }
        case .messages:
            if let reason = payload.innerStopReason {
                guard finish.allows(reason) else { return .finishReason }
                if type.equals("message_delta") { hasStopReason = true }
            }
            isTerminated = type.equals("message_stop")
        case .responses:
            isTerminated = type.equals("response.completed")
            if isTerminated, payload.innerStatus?.equals("completed") != true {
                return .notCompleted
            }
        case .images:
            guard type.equals("image_generation.completed") else { break }
            guard payload.hasImage else { return .imageURL }
            imageCount += 1
            isTerminated = imageCount == request.answerCount
        case .speech:
            isTerminated = type.equals("speech.audio.done")
        case .embeddings, .moderations, .inputTokens, .countTokens:
            return .contentType
        }
        return nil
    }

    /// Takes one choice of a chunk.
    ///
    /// A choice without an index could be any, so its end proves nothing about the others. A reason
    /// that may not be stored is final, whatever a later chunk says.
    private mutating func note(_ choice: Payload.Choice) -> StoreRejection? {
        guard let index = choice.index else { return .finishReason }
        let isFinished = choice.finishReason != nil
        if isFinished, !finish.allows(choice.finishReason) { return .finishReason }
        if let known = choices.firstIndex(where: { $0.index == index }) {
            if isFinished { choices[known].isFinished = true }
        } else if choices.count < Payload.choiceLimit {
            choices.append((index, isFinished))
        } else {
            return .eventTooLarge
        }
        return nil
    }

    private static func isFailure(_ name: [UInt8]) -> Bool {
        name.equals("error") || name.ends(withLiteral: ".failed")
            || name.ends(withLiteral: ".incomplete")
    }
}
