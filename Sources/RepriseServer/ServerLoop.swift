import RepriseCore
import RepriseLogging
import RepriseNetwork
import RepriseProxy

/// The server on one event loop: its connections, and what they share.
final class ServerLoop {
    let loop: any EventLoop
    let proxy: ProxyLoop
    let configuration: ServerConfiguration
    /// What the listeners answer to.
    var authorities: [ListenerAuthority] = []
    let fastPath: FastPath
    /// For the heads that are written on this loop, one after the other.
    var scratch: [UInt8] = []
    /// Whether no new requests are taken.
    private(set) var isDraining = false

    /// The bounds and deadlines of HTTP/2.
    let http2Limits: HTTP2Limits
    /// For the heads of HTTP/2, one after the other.
    private var fields = HTTP2FieldList()

    private var connections: [any ServerConnection] = []
    private var clock = HTTPDate()
    private var check: (any LoopTimer)?
    private var whenEmpty: (() -> Void)?

    /// Requests that one connection may have answered before others get their turn.
    static let requestsATurn = 64
    /// Bytes that a client has not taken beyond which no further request of it is read.
    static let mostUnsent = 1 << 20

    init(_ proxy: ProxyLoop, configuration: ServerConfiguration) {
        loop = proxy.loop
        self.proxy = proxy
        self.configuration = configuration
        fastPath = FastPath(proxy)
        var limits = HTTP2Limits()
        limits.headTimeout = configuration.headerTimeout
        limits.idleTimeout = configuration.idleTimeout
        http2Limits = limits
    }

    /// The current date as `Date` carries it.
    var date: [UInt8] { clock.bytes(at: loop.wallClock) }

    /// The target in origin form, if it names one of the listeners.
    func originForm(of target: [UInt8]) -> [UInt8] {
        authorities.reduce(target) { $1.originForm(of: $0) }
    }

    /// How many connections are open.
    var connectionCount: Int { connections.count }

    // MARK: Connections

    /// Takes over a connection that was accepted.
    ///
    /// - Parameter identity: What TLS is spoken with; nil for clear text.
    func accept(_ stream: any ByteStream, _ identity: TLSServerIdentity?) {
        guard !isDraining else { return stream.close() }
        guard let identity else { return add(ConnectionOpening(self, stream)) }
        let opening = TLSOpening(self)
        add(opening)
        opening.begin(stream, identity.context)
    }

    private func add(_ connection: any ServerConnection) {
        connection.place = connections.count
        connections.append(connection)
        if check == nil { scheduleCheck() }
    }

    /// Puts a connection in the place of another one.
    func replace(_ connection: any ServerConnection, with other: any ServerConnection) {
        let place = connection.place
        guard place < connections.count, connections[place] === connection else {
            return add(other)
        }
        connections[place] = other
        other.place = place
    }

    /// Lets go of a connection that is closed.
    func closed(_ connection: any ServerConnection) {
        let place = connection.place
        guard place < connections.count, connections[place] === connection else { return }
        let last = connections.removeLast()
        if last !== connection {
            connections[place] = last
            last.place = place
        }
        if connections.isEmpty { tellEmpty() }
    }

    /// Calls `body` with an empty list of fields.
    func withFields(_ body: (inout HTTP2FieldList) -> Void) {
        // Moved out while it is filled, so that it is not copied.
        var list = fields
        fields = HTTP2FieldList()
        body(&list)
        fields = list
    }

    /// Lets a connection read on in a later turn.
    func afterOthers(_ connection: HTTP1Connection) {
        let bound = LoopBound(connection, on: loop)
        loop.post { bound.value.readWaiting() }
    }

    /// Looks for deadlines that have passed: all connections at once, now and then, which costs less
    /// than a timer for each.
    private func scheduleCheck() {
        let shortest = min(configuration.headerTimeout, configuration.idleTimeout)
        let interval = max(.milliseconds(10), min(.seconds(1), shortest / 8))
        check = loop.schedule(after: interval) { [weak self] in
            guard let self else { return }
            check = nil
            let now = loop.now
            // A connection that is closed leaves the list in a later turn.
            for connection in connections { connection.check(now) }
            if !connections.isEmpty { scheduleCheck() }
        }
    }

    /// Closes the connections that have been idle the longest.
    ///
    /// - Parameter count: How many, at most.
    func closeIdle(_ count: Int) {
        let now = loop.now
        let idle = connections.compactMap { connection in
            connection.idleTime(now).map { (connection, $0) }
        }
        for (connection, _) in idle.sorted(by: { $0.1 > $1.1 }).prefix(count) {
            connection.drain()
        }
    }

    // MARK: The end

    /// Closes idle connections at once and the others behind their responses.
    ///
    /// - Parameter completion: Called once all are closed.
    func drain(_ completion: @escaping () -> Void) {
        isDraining = true
        whenEmpty = completion
        for connection in connections { connection.drain() }
        if connections.isEmpty { tellEmpty() }
    }

    /// Cuts what is left.
    func cut() {
        for connection in connections { connection.cutNow() }
    }

    private func tellEmpty() {
        check?.cancel()
        check = nil
        guard let completion = whenEmpty else { return }
        whenEmpty = nil
        completion()
    }

    // MARK: The log

    /// Writes the line of a request.
    func log(_ record: ExchangeRecord, _ line: RequestLine) {
        AccessLog.write(record, line, now: loop.thisMoment, to: proxy.proxy.logger)
    }
}
