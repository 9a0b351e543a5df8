/// Judges a response that is one JSON document.
enum DocumentJudge {
    /// Tells whether a whole document may be stored.
    ///
    /// - Parameters:
    ///   - body: All bytes of the body.
    ///   - endpoint: What was asked.
    ///   - finish: Which ends of an answer count as whole.
    static func judge(
        _ body: Span<UInt8>, endpoint: Endpoint, finish: FinishRule
    ) -> ResponseJudge.Verdict {
        if body.isEmpty { return .rejected(.empty) }
        let payload: Payload
        do throws(JSONError) {
            guard let read = try Payload(body) else { return .rejected(.notJSON) }
            payload = read
        } catch {
            return .rejected(.notJSON)
        }
        if payload.hasError { return .rejected(.errorBody) }
        if let rejection = rejection(payload, endpoint, finish) { return .rejected(rejection) }
        return .storable(payload.usage.usage)
    }

    private static func rejection(
        _ payload: Payload, _ endpoint: Endpoint, _ finish: FinishRule
    ) -> StoreRejection? {
        switch endpoint {
        case .chatCompletions, .completions:
            guard let choices = payload.choices, !choices.isEmpty,
                choices.allSatisfy({ finish.allows($0.finishReason) })
            else { return .finishReason }
        case .messages:
            guard finish.allows(payload.stopReason) else { return .finishReason }
        case .responses:
            guard let status = payload.status, status.equals("completed") else {
                return .notCompleted
            }
        case .images:
            let images = payload.images
            guard images.linked == 0, images.count > 0, images.inline == images.count else {
                return .imageURL
            }
        case .speech:
            return .contentType
        case .embeddings, .moderations, .inputTokens, .countTokens:
            break
        }
        return nil
    }
}
