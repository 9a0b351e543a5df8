/// Which reasons for the end of an answer make it one that may be given again.
///
/// A reason that is not listed, such as `content_filter`, `refusal` or one that is new, is none.
struct FinishRule: Equatable, Sendable {
    /// Whether the reasons are those of Anthropic's dialect.
    let isAnthropic: Bool
    /// Whether the client itself set a limit to the output's length: then an answer that reached it
    /// is what was asked for.
    let limitsOutput: Bool

    /// Makes the rule for the answers to a request.
    init(_ request: CacheableRequest) {
        isAnthropic = request.endpoint == .messages
        limitsOutput = request.limitsOutput
    }

    /// Tells whether an answer that ended for a reason may be stored.
    ///
    /// - Parameter reason: `finish_reason` of OpenAI's dialect or `stop_reason` of Anthropic's; nil
    ///   when there was none.
    func allows(_ reason: [UInt8]?) -> Bool {
        guard let reason else { return false }
        if isAnthropic {
            return reason.equals("end_turn") || reason.equals("tool_use")
                || reason.equals("stop_sequence") || limitsOutput && reason.equals("max_tokens")
        }
        return reason.equals("stop") || reason.equals("tool_calls")
            || reason.equals("function_call") || limitsOutput && reason.equals("length")
    }
}
