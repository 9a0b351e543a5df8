/// Which reasons for the end of an answer make it one that may be given again.
struct FinishRule: Equatable {
    /// Whether the client itself set a limit to the output's length: then an answer that reached it
    /// is what was asked for.
    let limitsOutput: Bool

    /// Tells whether an answer that ended for a reason may be stored.
    ///
    /// - Parameter reason: `finish_reason` of OpenAI's dialect or `stop_reason` of Anthropic's; nil
    ///   when there was none.
    func allows(_ reason: [UInt8]?) -> Bool {
        guard let reason else { return false }
        if Self.whole.contains(where: { reason.equals($0) }) { return true }
        return limitsOutput && (reason.equals("length") || reason.equals("max_tokens"))
    }

    private static let whole: [StaticString] = [
        "stop", "tool_calls", "function_call", "end_turn", "tool_use", "stop_sequence",
    ]
}
