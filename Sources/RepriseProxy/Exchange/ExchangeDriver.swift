public import RepriseCore
import RepriseNetwork
public import RepriseStorage

/// The native driver of one ``Exchange``: does what the exchange asks, and decides nothing.
///
/// Bound to the loop of its client's connection; no task runs for a request.
public final class ExchangeDriver {
    /// The exchange.
    public private(set) var exchange: Exchange

    private let proxy: ProxyLoop
    /// Nil once the exchange is over.
    private var client: (any ExchangeClient)?
    /// Called once, when the exchange is over.
    private var onEnd: ((ExchangeRecord) -> Void)?

    /// Stands for the request's exact bytes, to be remembered with the key that they lead to.
    public var fingerprint: RequestFingerprint?

    /// The request's body as far as it was read.
    private var body: [UInt8] = []
    private var bodyLimit: Int64 = 0
    private var isReadingBody = false
    /// The upstream call that takes the request's body as it comes.
    private var upload: UpstreamCall?

    /// What was looked up, as long as it may be sent.
    private var stored: StoredResponse?
    private var lookup: (any LoopAttempt)?
    private var reader: FetchReader?
    private var hasClientEnded = false
    private var holdTimer: (any LoopTimer)?

    /// Makes a driver for a request.
    ///
    /// - Parameters:
    ///   - client: Held until the exchange is over.
    ///   - onEnd: Told what happened when the exchange is over; the last that is heard of it.
    public init(
        _ proxy: ProxyLoop, client: any ExchangeClient,
        onEnd: @escaping (ExchangeRecord) -> Void
    ) {
        self.proxy = proxy
        self.client = client
        self.onEnd = onEnd
        exchange = Exchange(settings: proxy.settings)
    }

    // MARK: What the client does

    /// The request's head is here.
    public func began(_ request: ArrivedRequest) {
        if let length = request.declaredLength {
            bodyLimit = length
        }
        perform(exchange.began(request, routes: proxy.routes, isReady: proxy.isReady))
    }

    /// The next bytes of the request's body are here.
    public func bodyReceived(_ bytes: Span<UInt8>) {
        if let upload {
            upload.write(bytes)
            if upload.unsentByteCount > ByteStreamLimits.lowWaterMark { client?.pauseBody() }
            return
        }
        guard isReadingBody else { return }
        if Int64(body.count + bytes.count) > proxy.settings.maximumBodySize {
            isReadingBody = false
            body = []
            return perform(exchange.bodyTooLong())
        }
        if body.isEmpty { body.reserveCapacity(max(bytes.count, min(Int(bodyLimit), 1 << 20))) }
        bytes.withUnsafeBufferPointer { body.append(contentsOf: $0) }
    }

    /// The request's body has come to its end.
    public func bodyEnded() {
        if let upload {
            self.upload = nil
            upload.finishBody()
            return
        }
        guard isReadingBody else { return }
        isReadingBody = false
        guard body.count > ProxyLoop.longBody else {
            return perform(exchange.bodyRead(body.span))
        }
        // A long body would hold the loop up for milliseconds.
        let exchange = exchange
        let body = body
        let bound = LoopBound(self, on: proxy.loop)
        let loop = proxy.loop
        proxy.worker.submit {
            let plan = exchange.plan(body.span)
            loop.post { bound.value.planned(plan) }
        }
    }

    private func planned(_ plan: RequestPolicy.Plan) {
        perform(exchange.planned(plan))
    }

    /// The request's body broke off.
    public func bodyBroken() {
        if let upload {
            self.upload = nil
            upload.cancel()
            return
        }
        guard isReadingBody else { return }
        isReadingBody = false
        perform(exchange.bodyBroken())
    }

    /// The request's body cannot be read.
    public func bodyRefused(_ error: ProxyError) {
        if upload != nil { return bodyBroken() }
        guard isReadingBody else { return }
        isReadingBody = false
        perform(exchange.bodyRefused(error))
    }

    /// The client has ended its side of the connection: it gets what the cache has, and no more.
    ///
    /// - Returns: Whether it has left with this.
    public func clientEnded() -> Bool {
        guard exchange.state == .lookingUp || exchange.state == .reading else {
            clientLeft()
            return true
        }
        hasClientEnded = true
        return false
    }

    /// The client has left.
    public func clientLeft() {
        client = nil
        exchange.clientLeft()
        end()
    }

    /// The client has taken what was sent: there is room for more.
    public func clientDrained() {
        guard exchange.state == .delivering else { return }
        passOn()
    }

    // MARK: Steps

    private func perform(_ step: ExchangeStep) {
        switch step {
        case .readBody:
            isReadingBody = true
            client?.wantBody()
        case .digest(let keyMaterial, let scope):
            guard let key = proxy.key(of: keyMaterial) else { return }
            perform(exchange.digested(key: key, credentialScope: proxy.digest(of: scope)))
        case .lookUp(let key):
            if let fingerprint, exchange.directives.takesAnyFreshResponse {
                proxy.proxy.store.memory.learn(fingerprint, for: key)
            }
            lookUp(key)
        case .fetch(let fetch):
            guard hasClientEnded else { return self.fetch(fetch) }
            // It waits for nothing that has to be fetched.
            let client = client
            clientLeft()
            client?.cut()
        case .respond(let response):
            respond(response)
        case .hold:
            hold()
        case .deliver(let head):
            stored = nil
            client?.begin(head)
            passOn()
        case .deliverWhole(let head):
            deliverWhole(head)
        case .finish:
            client?.finish()
            end()
        case .cut:
            client?.cut()
            end()
        case .wait:
            break
        }
    }

    private func lookUp(_ key: CacheKey) {
        switch proxy.lookUp(key, { [weak self] in self?.lookedUp($0) }) {
        case .found(let response): lookedUp(response)
        case .absent: lookedUp(nil)
        case .pending(let attempt): lookup = attempt
        }
    }

    private func lookedUp(_ response: StoredResponse?) {
        lookup = nil
        stored = response
        let step = exchange.lookedUp(response?.metadata, now: proxy.now)
        if !exchange.keepsStored, exchange.state != .done { stored = nil }
        perform(step)
    }

    private func respond(_ response: WholeResponse) {
        leaveFetch()
        switch response.body {
        case .bytes(let bytes): client?.respond(response.head, body: bytes)
        case .stored: client?.respond(response.head, body: stored?.body ?? [])
        }
        end()
    }

    // MARK: The fetch

    private func fetch(_ fetch: Fetch) {
        let exchange = exchange
        var acceptedAt: Int64 = 0
        let joined = proxy.begin(fetch, body: body, reader: self) { stored, now in
            acceptedAt = now
            return exchange.accepts(stored.metadata, now: now)
        }
        switch joined {
        case .found(let response):
            // Stored on the way here. By a later clock it might not answer, and nothing else would.
            stored = response
            perform(self.exchange.lookedUp(response.metadata, now: acceptedAt))
        case .following(let reader):
            self.reader = reader
            self.exchange.fetching(isCollapsed: true)
            fetchChanged()
        case .leading(let reader, let call):
            self.reader = reader
            self.exchange.fetching(isCollapsed: false)
            if fetch.body == .unread {
                upload = call
                call.setUpload(
                    wanted: { [weak self] in self?.client?.wantBody() },
                    drained: { [weak self] in self?.client?.resumeBody() })
            }
        case .refused:
            failed(.cancelled)
        }
        body = []
    }

    private func failed(_ failure: FetchFailure) {
        perform(exchange.responseFailed(failure, now: proxy.now))
    }

    /// Waits for the end of a document, for as long as most take.
    private func hold() {
        holdTimer = proxy.loop.schedule(after: ProxyLoop.longestHold) { [weak self] in
            guard let self else { return }
            perform(exchange.holdEnded())
        }
        lookAtHeld()
    }

    private func lookAtHeld() {
        guard let reader, exchange.state == .holding else { return }
        let outcome = reader.outcome()
        // Asked last: what is kept when a call is over stays so, and only then is it the whole body.
        guard reader.isKept else { return perform(exchange.holdEnded(.tooLarge)) }
        switch outcome {
        case .complete(let result):
            perform(exchange.responseEnded(length: Int64(reader.fetch.receivedCount), result))
        case .failed(let failure):
            failed(failure)
        case nil:
            break
        }
    }

    private func deliverWhole(_ head: ResponseHead) {
        let body = reader?.fetch.keptBody ?? []
        leaveFetch()
        client?.respond(head, body: body)
        end()
    }

    /// Passes on what has come, as far as the client takes it.
    private func passOn() {
        holdTimer?.cancel()
        holdTimer = nil
        guard let reader, let client else { return }
        reader.setLive(false)
        while client.unsentByteCount <= ByteStreamLimits.lowWaterMark {
            let news = reader.look().news
            switch news {
            case .bytes:
                reader.read(limit: ByteStreamLimits.lowWaterMark) { client.send($0) }
            case .nothing:
                return reader.setLive(true)
            case .ended(let result):
                return perform(
                    exchange.responseEnded(length: Int64(reader.fetch.receivedCount), result))
            case .failed(let failure):
                return failed(failure)
            }
        }
    }

    // MARK: The end

    private func leaveFetch() {
        holdTimer?.cancel()
        holdTimer = nil
        reader?.leave()
        reader = nil
        upload = nil
    }

    private func end() {
        lookup?.cancel()
        lookup = nil
        isReadingBody = false
        body = []
        stored = nil
        leaveFetch()
        guard let onEnd else { return }
        self.onEnd = nil
        onEnd(exchange.record)
    }
}

extension ExchangeDriver: FetchListener {
    func fetchChanged() {
        guard let reader else { return }
        switch exchange.state {
        case .fetching:
            let (head, news) = reader.look()
            if let head {
                if reader.fetch.isAnsweredElsewhere { exchange.fetching(isCollapsed: true) }
                perform(exchange.responseBegan(head, now: proxy.now))
            } else if case .failed(let failure) = news {
                failed(failure)
            }
        case .holding:
            lookAtHeld()
        case .delivering:
            passOn()
        default:
            break
        }
    }

    func fetchDelivered(_ bytes: Span<UInt8>) {
        guard let client, let reader else { return }
        client.send(bytes)
        if client.unsentByteCount > ByteStreamLimits.lowWaterMark { reader.setLive(false) }
    }
}
