/// An HTTP/1.1 client on one loop, for all who call out: bytes as they come, ends told apart from
/// cuts, connections used again.
///
/// It follows no redirects, decodes nothing and asks no second time, with one exception: a request
/// that the upstream cannot have had whole, because the kept connection that it was written to was
/// dead, is sent once more on a fresh one.
public final class HTTPClient {
    /// How to call.
    public struct Configuration {
        /// How to make connections; its time limit is that of a connection with all that belongs
        /// to it.
        public var dialer: Dialer.Configuration
        /// Which calls go through which proxy.
        public var proxies = ProxyConfiguration()
        /// How long an upstream may keep still when it is its turn.
        public var silence: Duration = .seconds(600)
        /// How long a connection is kept that nobody uses; less when the upstream says so.
        public var idle: Duration = .seconds(60)
        /// Connections without a call that are kept for one origin.
        public var mostIdle = 256
        /// How old a connection may be and be used again. Names may come to mean other addresses.
        public var connectionLifetime: Duration = .seconds(300)
        /// The bounds of responses.
        public var limits: HTTP1Limits

        /// The default configuration.
        public init(secure: SecureUpgrade? = nil) {
            dialer = Dialer.Configuration(secure: secure)
            limits = HTTP1Limits()
            limits.headBytes = 128 << 10
        }
    }

    /// The loop that it belongs to.
    public let loop: any EventLoop
    let configuration: Configuration
    let pool: ConnectionPool
    private let dialer: Dialer
    private var isShutDown = false

    /// Makes a client without connections.
    public init(loop: any EventLoop, configuration: Configuration) {
        self.loop = loop
        self.configuration = configuration
        pool = ConnectionPool(most: configuration.mostIdle, loop: loop)
        dialer = Dialer(loop: loop, configuration: configuration.dialer)
    }

    /// How many connections wait for a next call.
    public var idleConnectionCount: Int { pool.count }

    /// Sends a request.
    ///
    /// - Parameter handler: Told what comes of it; kept until that is over.
    @discardableResult
    public func send(
        _ request: ClientRequest, handler: any ClientResponseHandler
    ) -> ClientCall {
        let call = ClientCall(to: request.origin, for: handler, by: self)
        let route = configuration.proxies.route(to: request.origin)
        do throws(ClientError) {
            call.prepare(try RequestText(request, by: route), by: route)
        } catch {
            loop.afterThisTurn { call.fail(error) }
            return call
        }
        if let connection = pool.take(call.key) {
            call.begin(on: connection, isReused: true)
        } else {
            dial(for: call)
        }
        return call
    }

    /// Closes the connections that nobody uses, and keeps none from now on. Calls go on.
    public func shutDown() {
        isShutDown = true
        pool.clear()
    }

    /// Makes a connection for a call, and sends its request there.
    func dial(for call: ClientCall) {
        call.attempt = dialer.dial(to: call.origin, by: call.route) { result in
            switch result {
            case .failure(let failure): call.fail(ClientError(failure))
            case .success(let stream):
                call.begin(on: ClientConnection(stream, call.key, for: self), isReused: false)
            }
        }
    }

    /// Keeps a connection whose call is over.
    ///
    /// - Parameter limit: How long the upstream says that it keeps it.
    /// - Returns: false when it is to be closed.
    func keep(_ connection: ClientConnection, for limit: Duration?) -> Bool {
        let now = loop.now
        var time = configuration.idle
        // Less than the upstream's own limit, or a request would meet its end on the way.
        if let limit { time = min(time, limit - .seconds(1)) }
        let deadline = min(now + time, connection.expiry)
        guard !isShutDown, deadline > now else { return false }
        connection.idleDeadline = deadline
        pool.put(connection)
        return true
    }
}

extension ClientError {
    /// Sorts what went wrong while a connection was made.
    init(_ failure: Dialer.Failure) {
        if failure.error == .timedOut {
            self = .timedOut(.connect)
        } else {
            self = .unreachable(host: failure.host, port: failure.port, failure.error)
        }
    }
}
