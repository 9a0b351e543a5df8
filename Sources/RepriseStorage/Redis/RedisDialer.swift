internal import RepriseNetwork

/// What opens connections to the servers of one address.
struct RedisDialer: Sendable {
    /// How long a connection may take, from the look-up of its host to the end of its handshake.
    let deadline: Duration
    private let tls: Result<TLSContext?, StoreError>

    /// Makes a dialer, and reads the authorities to trust.
    ///
    /// - Parameters:
    ///   - address: Tells whether to use TLS, and whom to trust. A file of authorities that cannot
    ///     be read makes every connection fail, with a reason that names it.
    ///   - deadline: How long a connection may take.
    init(_ address: RedisAddress, deadline: Duration) {
        self.deadline = deadline
        tls = Self.tls(address)
    }

    private static func tls(_ address: RedisAddress) -> Result<TLSContext?, StoreError> {
        guard address.usesTLS else { return .success(nil) }
        do {
            let store = address.authorities.map { TLSTrustStore.file($0) } ?? .system()
            return .success(try TLSContext.client(trustStore: store))
        } catch {
            let file = address.authorities ?? "the system's trust store"
            return .failure(.unavailable("\(file) cannot be read as certificates in PEM form"))
        }
    }

    /// Connects.
    ///
    /// - Parameter completion: Called once in a later turn, unless the attempt is cancelled; the
    ///   words of a failure name the server.
    func open(
        _ endpoint: RedisEndpoint, on loop: any EventLoop,
        _ completion: @escaping (Result<any ByteStream, StoreError>) -> Void
    ) -> any LoopAttempt {
        let context: TLSContext?
        switch tls {
        case .success(let value): context = value
        case .failure(let error): return LaterAttempt(on: loop) { completion(.failure(error)) }
        }
        var configuration = Dialer.Configuration(
            secure: context.map { context in
                { stream, host, deadline, done in
                    TLSStream.connect(
                        over: stream, context: context, host: host, applicationProtocols: [],
                        deadline: deadline, completion: done)
                }
            })
        configuration.timeout = deadline
        let origin = Origin(
            isSecure: context != nil, host: endpoint.host, port: UInt16(clamping: endpoint.port))
        return Dialer(loop: loop, configuration: configuration).dial(to: origin) { result in
            completion(
                result.mapError { failure in
                    .unavailable("\(endpoint) \(Self.reason(failure.error))")
                })
        }
    }

    /// What a failure means, after the server's name.
    static func reason(_ error: NetworkError) -> String {
        switch error {
        case .unknownHost, .lookupFailed: "cannot be found by its name"
        case .timedOut: "did not answer in time"
        case .system(_, "Connection refused"): "refuses the connection"
        case .system(_, let reason): "cannot be reached (\(reason))"
        case .tls(let failure): Self.reason(failure)
        case .proxyRefused: "cannot be connected"
        }
    }

    /// What a failure of TLS means, after the server's name.
    static func reason(_ failure: TLSFailure) -> String {
        switch failure {
        case .untrusted:
            "has a certificate that is not trusted; name its authority with ?cacert=PATH"
        case .expired: "has a certificate that is over, or not valid yet"
        case .wrongHost: "has a certificate for another host"
        case .notTLS, .failed: "does not speak TLS as it should"
        }
    }
}
