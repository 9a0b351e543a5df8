import RepriseCore
import RepriseLogging
import RepriseNetwork

/// One line for each request: what was asked, what was answered, what the cache did. Never a
/// credential, a query or a body.
enum AccessLog {
    /// Writes the line of a request that is over.
    static func write(
        _ record: ExchangeRecord, _ line: RequestLine, now: MonotonicTime, to logger: Logger
    ) {
        guard logger.isEnabled(.info) else { return }
        var fields: [LogField] = []
        fields.reserveCapacity(8)
        if record.outcome != .own { fields.append(LogField("cache", text(record.outcome.token))) }
        if record.isCut { fields.append(LogField("cut", .truth(true))) }
        if let failure = record.failure { fields.append(LogField("error", .text(failure.text))) }
        if let key = record.key { fields.append(LogField("key", text(key.hex.prefix(16)))) }
        fields.append(LogField("method", text(line.method)))
        let elapsed = (now - line.begun).wholeNanoseconds
        fields.append(LogField("ms", .milliseconds(nanoseconds: elapsed)))
        if let reason = record.reason { fields.append(LogField("reason", text(reason))) }
        fields.append(LogField("route", text(line.path)))
        fields.append(LogField("status", .integer(Int64(record.status))))
        logger.log(.info, "request", fields)
    }

    private static func text(_ bytes: some Sequence<UInt8>) -> LogValue {
        .text(String(decoding: Array(bytes), as: UTF8.self))
    }

    private static func text(_ literal: StaticString) -> LogValue { .text(literal.description) }
}

extension FetchFailure {
    /// What was wrong, in words.
    fileprivate var text: String {
        switch self {
        case .unreachable(let reason), .malformedResponse(let reason), .unsendable(let reason):
            String(decoding: reason, as: UTF8.self)
        case .timedOut: "the upstream did not answer in time"
        case .connectionLost: "the upstream closed the connection before its response was complete"
        case .tooSlow: "the client fell too far behind"
        case .cancelled: "given up"
        }
    }
}
