/// One connection to an origin or a proxy, for one call after the other.
///
///     begin ─▶ busy ─▶ (reusable) idle ─▶ begin ...        any ─▶ closing
///
/// An idle connection goes on reading: whatever comes on it, bytes or an end, is its end, so that
/// nothing that was sent unasked is taken for the answer to the next request.
final class ClientConnection {
    let stream: any ByteStream
    let key: ConnectionPool.Key
    /// When it is too old to be used again.
    let expiry: MonotonicTime
    /// While it is idle: how long it may be.
    var idleDeadline: MonotonicTime
    /// Weak, for a connection that nobody uses lasts as long as its stream.
    private weak var client: HTTPClient?
    private let limits: HTTP1Limits
    private var parser: HTTP1ResponseParser
    private var call: ClientCall?
    private var isClosing = false
    private var keepAlive: Duration?
    private var mayBeKept = false

    /// Makes a connection of a stream.
    init(_ stream: any ByteStream, _ key: ConnectionPool.Key, for client: HTTPClient) {
        self.stream = stream
        self.key = key
        self.client = client
        let now = stream.loop.now
        expiry = now + client.configuration.connectionLifetime
        idleDeadline = now
        limits = client.configuration.limits
        parser = HTTP1ResponseParser(limits: limits, to: .other)
        stream.receiver = self
    }

    /// Whether it takes a request.
    var isIdle: Bool { call == nil && !isClosing }

    /// Whether no byte of the response has come.
    var isUnanswered: Bool { parser.isUntouched }

    /// Awaits the response to a request.
    func begin(_ call: ClientCall, _ kind: HTTP1ResponseParser.RequestKind) {
        self.call = call
        parser = HTTP1ResponseParser(limits: limits, to: kind)
    }

    /// Closes it: nobody needs it, and nothing of it is missing.
    func close() {
        guard !isClosing else { return }
        isClosing = true
        call = nil
        // Who has said all there is to say may take none of what is left.
        if stream.unsentByteCount > 0 { stream.abort() } else { stream.close() }
    }

    /// Cuts it.
    func abort() {
        guard !isClosing else { return }
        isClosing = true
        call = nil
        stream.abort()
    }

    private func drop() {
        client?.pool.remove(self)
        close()
    }

    private func read(_ head: HTTP1ResponseHead) {
        mayBeKept = head.isPersistent
        keepAlive = nil
        guard let value = head.fields.first(named: "keep-alive") else { return }
        let wish = KeepAliveWish(value)
        keepAlive = wish.timeout
        if wish.isLast { mayBeKept = false }
    }

    /// The response is over.
    private func end(_ call: ClientCall, hasSurplus: Bool) {
        self.call = nil
        let isKept =
            mayBeKept && !hasSurplus && call.isRequestSent && stream.unsentByteCount == 0
            && client?.keep(self, for: keepAlive) == true
        if !isKept { close() }
        call.end(.framed)
    }

    /// The connection has ended.
    private func settle(_ reason: StreamCloseReason, isClean: Bool) {
        guard let call else { return drop() }
        var isWhole = false
        do throws(HTTP1Error) {
            let end = try parser.finish()
            isWhole = isClean && end == .untilClose
        } catch {}
        if isWhole {
            close()
            call.end(.connectionClosed)
        } else {
            call.lose(reason)
        }
    }
}

extension ClientConnection: ByteStreamReceiver {
    func streamReceived(_ bytes: Span<UInt8>) {
        guard !isClosing, !bytes.isEmpty else { return }
        guard let call else { return drop() }
        call.noteActivity()
        var position = 0
        while self.call === call {
            do throws(HTTP1Error) {
                switch try parser.next(bytes, from: &position) {
                case nil: return
                case .head(let head):
                    read(head)
                    call.receive(head)
                case .body(let range): call.receive(bytes.extracting(range))
                case .end: return end(call, hasSurplus: position < bytes.count)
                }
            } catch {
                return call.fail(.malformedResponse(error))
            }
        }
    }

    func streamDrained() { call?.drain() }

    func streamEnded() {
        if !isClosing { settle(.ended, isClean: true) }
    }

    func streamClosed(_ reason: StreamCloseReason) {
        if !isClosing { settle(reason, isClean: reason == .ended) }
    }
}

/// What a `Keep-Alive` field says.
struct KeepAliveWish: Equatable {
    /// How long the connection is kept by the upstream.
    var timeout: Duration?
    /// Whether the upstream takes no other request on it.
    var isLast = false

    /// Reads a value such as `timeout=5, max=100`; what it does not know says nothing.
    init(_ value: [UInt8]) {
        var timeout: Int64?
        var most: Int64?
        value.span.forEachMember { member in
            guard let equals = member.firstIndex(of: UInt8(ascii: "="), from: 0) else { return }
            var number: Int64 = 0
            guard (1...9).contains(member.count - equals - 1) else { return }
            for index in (equals + 1)..<member.count {
                guard member[index].isDigit else { return }
                number = number * 10 + Int64(member[index] - UInt8(ascii: "0"))
            }
            let name = member.extracting(0..<equals)
            if name.equalsIgnoringCase("timeout") { timeout = number }
            if name.equalsIgnoringCase("max") { most = number }
        }
        self.timeout = timeout.map { .seconds($0) }
        isLast = most == 0
    }
}
