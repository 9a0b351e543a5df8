/// Judges an event stream as it comes: whether it reached its dialect's terminal marker with no
/// error on the way.
struct StreamJudge: Sendable {
    private let endpoint: Endpoint
    private let finish: FinishRule
    private var scanner = EventStreamScanner()
    private var rejection: StoreRejection?
    private var isTerminated = false
    /// The last reason that each choice gave, by its index.
    private var choices: [(index: Int64, reason: [UInt8]?)] = []
    private var stopReason: [UInt8]?
    private var usage = UsageCounts()

    /// More choices than this are not followed; the API's own limit is 128.
    private static let choiceLimit = 1024

    init(endpoint: Endpoint, finish: FinishRule) {
        self.endpoint = endpoint
        self.finish = finish
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
        switch endpoint {
        case .chatCompletions, .completions:
            guard !choices.isEmpty, choices.allSatisfy({ finish.allows($0.reason) }) else {
                return .rejected(.finishReason)
            }
        case .messages:
            guard finish.allows(stopReason) else { return .rejected(.finishReason) }
        default: break
        }
        return .storable(usage.usage)
    }

    private mutating func judge(_ event: EventStreamScanner.Event) -> StoreRejection? {
        if Self.isFailure(event.name) { return .errorEvent }
        if event.name.equals("ping") { return nil }
        if event.data.equals("[DONE]") { return judgeDone() }
        let payload: Payload
        do throws(JSONError) {
            guard let read = try Payload(event.data.span) else { return .notJSON }
            payload = read
        } catch {
            return .notJSON
        }
        let type = payload.type ?? []
        if payload.hasError || Self.isFailure(type) { return .errorEvent }
        if type.equals("ping") { return nil }
        if isTerminated, endpoint != .images { return .trailingData }
        usage.merge(payload.usage)
        return note(payload, type)
    }

    private mutating func judgeDone() -> StoreRejection? {
        switch endpoint {
        case .chatCompletions, .completions:
            if isTerminated { return .trailingData }
            isTerminated = true
        default:
            // Some gateways end every dialect with it; it proves nothing there.
            break
        }
        return nil
    }

    private mutating func note(_ payload: Payload, _ type: [UInt8]) -> StoreRejection? {
        switch endpoint {
        case .chatCompletions, .completions:
            for choice in payload.choices ?? [] where !note(choice) {
                return .eventTooLarge
            }
        case .messages:
            stopReason = payload.stopReason ?? stopReason
            isTerminated = type.equals("message_stop")
        case .responses:
            isTerminated = type.equals("response.completed")
            if isTerminated, payload.status?.equals("completed") != true { return .notCompleted }
        case .images:
            isTerminated = type.equals("image_generation.completed")
        case .speech:
            isTerminated = type.equals("speech.audio.done")
        case .embeddings, .moderations, .inputTokens, .countTokens:
            break
        }
        return nil
    }

    /// - Returns: false when there are too many choices to follow.
    private mutating func note(_ choice: Payload.Choice) -> Bool {
        if let known = choices.firstIndex(where: { $0.index == choice.index }) {
            choices[known].reason = choice.finishReason ?? choices[known].reason
        } else if choices.count < Self.choiceLimit {
            choices.append((choice.index, choice.finishReason))
        } else {
            return false
        }
        return true
    }

    private static func isFailure(_ name: [UInt8]) -> Bool {
        name.equals("error") || name.ends(withLiteral: ".failed")
            || name.ends(withLiteral: ".incomplete")
    }
}
