/// What makes connections: names, addresses, proxies and TLS, under one deadline.
///
/// Bound to its loop.
public final class Dialer {
    /// Why no connection was made.
    public struct Failure: Error, Equatable, Sendable {
        /// The host that could not be reached: the origin's, or the proxy's.
        public var host: String
        /// Its port.
        public var port: UInt16
        /// What went wrong.
        public var error: NetworkError
    }

    /// How to make connections.
    public struct Configuration {
        /// The time for everything: look-up, TCP, proxy and TLS.
        public var timeout: Duration = .seconds(5)
        /// How long a connection to one address has before another is tried beside it (RFC 8305
        /// §5).
        public var stagger: Duration = .milliseconds(250)
        /// Makes connections secure; without it no secure origin can be reached.
        public var secure: SecureUpgrade?

        /// The default configuration.
        public init(secure: SecureUpgrade? = nil) {
            self.secure = secure
        }
    }

    let loop: any EventLoop
    let configuration: Configuration

    /// Makes a dialer on a loop.
    public init(loop: any EventLoop, configuration: Configuration) {
        self.loop = loop
        self.configuration = configuration
    }

    /// Makes a connection.
    ///
    /// - Parameters:
    ///   - origin: Where it is to lead; with TLS when that is secure.
    ///   - route: The way there. By ``Route/forward(_:)`` the connection leads to the proxy.
    ///   - completion: Called once in a later turn, unless the attempt is cancelled. The stream has
    ///     no receiver.
    public func dial(
        to origin: Origin, by route: Route = .direct,
        _ completion: @escaping (Result<any ByteStream, Failure>) -> Void
    ) -> any LoopAttempt {
        DialAttempt(to: origin, by: route, self, completion)
    }
}
