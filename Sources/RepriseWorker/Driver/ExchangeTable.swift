import RepriseCore

/// The requests under way in one instance of the core, each behind a number.
///
/// A call names an operation and a request and carries a message; the answer is a frame: see
/// ``Step``. What the operations are and what their messages hold stands in `Worker/core.mjs` too.
public struct ExchangeTable {
    private var drivers: [ExchangeDriver?] = []

    /// Makes a table without requests.
    public init() {}

    /// How many requests are under way.
    public var count: Int { drivers.reduce(0) { $1 == nil ? $0 : $0 + 1 } }

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
            guard handle < drivers.count, let driver = drivers[Int(handle)] else { return [] }
            if operation == .release {
                drivers[Int(handle)] = nil
                return []
            }
            let step = try perform(operation, driver, &reader, message)
            defer { driver.flags = [] }
            return step.encoded(driver.flags)
        } catch {
            return []
        }
    }

    private mutating func begin(
        _ reader: inout FrameReader, _ message: Span<UInt8>
    ) throws(FrameError) -> [UInt8] {
        var settings = WorkerSettings()
        var flaw: WorkerSettings.Flaw?
        for _ in 0..<(try reader.number(message)) {
            let name = try reader.bytes(message)
            let value = try reader.bytes(message)
            do throws(WorkerSettings.Flaw) {
                try settings.take(name: name, value: value)
            } catch {
                flaw = flaw ?? error
            }
        }
        let method = try reader.bytes(message)
        let target = try reader.bytes(message)
        let headers = try reader.fields(message)
        let request = ArrivedRequest(
            method: method, target: target, headers: headers,
            hasBody: try reader.byte(message) != 0, declaredLength: Self.declaredLength(headers))
        let usesCache = try reader.byte(message) == 0
        if let flaw { return over(.respond(flaw.response)) }
        let driver = ExchangeDriver(settings: settings.exchange)
        let step = driver.begin(request, usesCache: usesCache)
        return driver.isOver ? over(step) : under(driver, step)
    }

    /// The answer for a request that goes on.
    private mutating func under(_ driver: ExchangeDriver, _ step: Step) -> [UInt8] {
        let free = drivers.firstIndex { $0 == nil } ?? drivers.count
        if free == drivers.count { drivers.append(nil) }
        drivers[free] = driver
        var writer = FrameWriter()
        writer.write(number: UInt32(free))
        return writer.frame + step.encoded([])
    }

    /// The answer for a request that is over already.
    private func over(_ step: Step) -> [UInt8] {
        var writer = FrameWriter()
        writer.write(number: .max)
        return writer.frame + step.encoded([])
    }

    /// What `Content-Length` says; more than fits counts as the most that does.
    private static func declaredLength(_ headers: [HeaderField]) -> Int64? {
        guard let digits = headers.first(named: "content-length"), !digits.isEmpty,
            digits.allSatisfy({ 0x30...0x39 ~= $0 })
        else { return nil }
        if digits.count > 18 { return .max }
        return digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    private func perform(
        _ operation: Operation, _ driver: ExchangeDriver, _ reader: inout FrameReader,
        _ message: Span<UInt8>
    ) throws(FrameError) -> Step {
        switch operation {
        case .begin, .release:
            return .done
        case .requestBody:
            return driver.receive(requestBody: message)
        case .requestBodyTooLarge:
            return driver.requestBodyTooLong()
        case .requestBodyIncomplete:
            return driver.requestBodyBroken()
        case .digests:
            let now = try reader.wideNumber(message)
            return driver.receive(digests: message.extracting(reader.rest(message)), now: now)
        case .storedText:
            let isThere = try reader.byte(message) != 0
            let text = message.extracting(reader.rest(message))
            return driver.receive(storedText: isThere ? text : nil)
        case .upstreamFailure:
            let now = try reader.wideNumber(message)
            let kind = try reader.byte(message)
            let reason = try reader.bytes(message)
            return driver.fail(kind == 1 ? .timedOut : .unreachable(reason), now: now)
        case .responseHead:
            let now = try reader.wideNumber(message)
            let status = Int32(bitPattern: try reader.number(message))
            let headers = try reader.fields(message)
            return driver.receive(ResponseHead(status: status, headers: headers), now: now)
        case .chunk:
            let now = try reader.wideNumber(message)
            return driver.receive(chunk: message.extracting(reader.rest(message)), now: now)
        case .responseEnd:
            let now = try reader.wideNumber(message)
            return driver.responseEnded(isClean: try reader.byte(message) != 0, now: now)
        case .entry:
            return driver.entry()
        case .clientGone:
            return driver.clientLeft()
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
    /// `now`, whether it is that nothing came in time, the reason.
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
