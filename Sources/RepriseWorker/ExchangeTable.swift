import RepriseCore

/// The requests under way in one instance of the core, each behind a number.
///
/// A call names an operation and a request and carries a message; the answer is a frame: see
/// ``Step``. What the operations are and what their messages hold stands in `Worker/core.mjs` too.
public struct ExchangeTable {
    private var exchanges: [Exchange?] = []

    /// Makes a table without requests.
    public init() {}

    /// How many requests are under way.
    public var count: Int { exchanges.reduce(0) { $1 == nil ? $0 : $0 + 1 } }

    /// Performs an operation.
    ///
    /// - Parameters:
    ///   - operation: An ``Operation``; any other number is answered like a malformed message.
    ///   - handle: The request, as `begin` numbered it.
    ///   - message: The values that the operation asks for.
    /// - Returns: For `begin` the request's number in 32 bits, `UInt32.max` when it is over already;
    ///   then the step. Empty when the message is malformed.
    public mutating func call(
        _ operation: UInt32, _ handle: UInt32, _ message: Span<UInt8>
    ) -> [UInt8] {
        guard let operation = Operation(rawValue: operation) else { return [] }
        do throws(FrameError) {
            var reader = FrameReader()
            if operation == .begin { return try begin(&reader, message) }
            guard handle < exchanges.count, let exchange = exchanges[Int(handle)] else { return [] }
            if operation == .release {
                exchanges[Int(handle)] = nil
                return []
            }
            let step = try perform(operation, exchange, &reader, message)
            defer { exchange.flags = [] }
            return step.encoded(exchange.flags)
        } catch {
            return []
        }
    }

    private mutating func begin(
        _ reader: inout FrameReader, _ message: Span<UInt8>
    ) throws(FrameError) -> [UInt8] {
        var writer = FrameWriter()
        switch try beginning(&reader, message) {
        case .over(let step):
            writer.write(number: .max)
            return writer.frame + step.encoded([])
        case .exchange(let exchange, let step):
            let free = exchanges.firstIndex { $0 == nil } ?? exchanges.count
            if free == exchanges.count { exchanges.append(nil) }
            exchanges[free] = exchange
            writer.write(number: UInt32(free))
            return writer.frame + step.encoded(exchange.flags)
        }
    }

    private func beginning(
        _ reader: inout FrameReader, _ message: Span<UInt8>
    ) throws(FrameError) -> Beginning {
        var settings = WorkerSettings()
        var flaw: [UInt8]?
        for _ in 0..<(try reader.number(message)) {
            let name = try reader.bytes(message)
            let value = try reader.bytes(message)
            do throws(WorkerSettings.Flaw) {
                try settings.take(name: name, value: value)
            } catch {
                flaw = flaw ?? error.message
            }
        }
        let arrival = Arrival(
            settings: settings, method: try reader.bytes(message),
            target: try reader.bytes(message), headers: try reader.fields(message),
            hasBody: try reader.byte(message) != 0, isUncached: try reader.byte(message) != 0)
        if let flaw { return .over(OwnError.invalidSetting(flaw).step()) }
        return Exchange.begin(arrival)
    }

    private func perform(
        _ operation: Operation, _ exchange: Exchange, _ reader: inout FrameReader,
        _ message: Span<UInt8>
    ) throws(FrameError) -> Step {
        switch operation {
        case .begin, .release:
            return .done
        case .requestBody:
            return exchange.take(requestBody: message)
        case .requestBodyTooLarge:
            return exchange.requestBodyTooLarge()
        case .requestBodyIncomplete:
            return exchange.requestBodyIncomplete()
        case .digests:
            let now = try reader.wideNumber(message)
            return exchange.take(digests: message.extracting(reader.rest(message)), now: now)
        case .storedText:
            let isThere = try reader.byte(message) != 0
            let text = message.extracting(reader.rest(message))
            return exchange.take(storedText: isThere ? text : nil)
        case .upstreamFailure:
            let now = try reader.wideNumber(message)
            let failure = UpstreamFailure(rawValue: try reader.byte(message)) ?? .unreachable
            return exchange.take(failure: failure, reason: try reader.bytes(message), now: now)
        case .responseHead:
            let now = try reader.wideNumber(message)
            let status = Int32(bitPattern: try reader.number(message))
            let headers = try reader.fields(message)
            return exchange.take(response: ResponseHead(status: status, headers: headers), now: now)
        case .chunk:
            let now = try reader.wideNumber(message)
            return exchange.take(chunk: message.extracting(reader.rest(message)), now: now)
        case .responseEnd:
            let now = try reader.wideNumber(message)
            return exchange.endResponse(isClean: try reader.byte(message) != 0, now: now)
        case .entry:
            return exchange.takeEntry()
        case .clientGone:
            return exchange.clientIsGone()
        }
    }
}

/// What JavaScript may call for.
///
/// Beside each stands what its message holds; `now` is milliseconds since the epoch in 64 bits.
public enum Operation: UInt32, Sendable {
    /// Number and list of settings (name, value), method, target, header fields, whether there is a
    /// body, whether the cache is to be left out.
    case begin = 0
    /// The body.
    case requestBody = 1
    /// Nothing.
    case requestBodyTooLarge = 2
    /// Nothing.
    case requestBodyIncomplete = 3
    /// `now`, the digests.
    case digests = 4
    /// Whether there is one, the text.
    case storedText = 5
    /// `now`, an ``UpstreamFailure``, the reason.
    case upstreamFailure = 6
    /// `now`, the status, header fields.
    case responseHead = 7
    /// `now`, the bytes.
    case chunk = 8
    /// `now`, whether the end is clean.
    case responseEnd = 9
    /// Nothing.
    case entry = 10
    /// Nothing. The request is over.
    case release = 11
    /// Nothing. Nobody reads the response any more.
    case clientGone = 12
}
