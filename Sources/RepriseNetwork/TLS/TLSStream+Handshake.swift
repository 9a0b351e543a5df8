/// The handshake of one connection: who waits for it, and until when.
final class TLSHandshake: LoopAttempt {
    private var completion: ((TLSAcceptance) -> Void)?
    private var deadline: (any LoopTimer)?
    private weak var stream: TLSStream?

    init(_ completion: @escaping (TLSAcceptance) -> Void) {
        self.completion = completion
    }

    /// Sets the time.
    func begin(_ stream: TLSStream, deadline: MonotonicTime) {
        self.stream = stream
        let rest = max(deadline - stream.loop.now, .zero)
        self.deadline = stream.loop.schedule(after: rest) { [weak stream] in
            stream?.failHandshake(.timedOut, with: .abort)
        }
    }

    /// Says how it went, unless that was said or nobody wants to know any more.
    func complete(_ outcome: TLSAcceptance) {
        let completion = completion
        end()
        completion?(outcome)
    }

    /// Gives it up and resets the connection.
    func cancel() {
        guard completion != nil else { return }
        end()
        stream?.failHandshake(.timedOut, with: .abort)
    }

    private func end() {
        completion = nil
        deadline?.cancel()
        deadline = nil
    }
}

/// What came of accepting a connection.
public enum TLSAcceptance {
    /// TLS was agreed on.
    case stream(TLSStream)
    /// The client speaks in clear text, such as HTTP without TLS. The stream is open and without a
    /// receiver, so that the client can be told; `received` are its first bytes.
    case plaintext(any ByteStream, received: [UInt8])
    /// The handshake failed, and the stream below was closed.
    case failed(NetworkError)
}

extension TLSStream {
    /// Makes a connection to a server of a stream that leads there.
    ///
    /// - Parameters:
    ///   - lower: The stream, whose receiver is replaced. It is closed when the handshake fails.
    ///   - context: A client's context.
    ///   - host: The name or address that the server's certificate must be for.
    ///   - applicationProtocols: The protocols to offer (ALPN), the preferred one first.
    ///   - deadline: When the handshake must be done.
    ///   - completion: Called once in a later turn, unless the attempt is cancelled.
    public static func connect(
        over lower: any ByteStream, context: TLSContext, host: String,
        applicationProtocols: [String], deadline: MonotonicTime,
        completion: @escaping (Result<any ByteStream, NetworkError>) -> Void
    ) -> any LoopAttempt {
        precondition(context.role == .client, "a client's context is needed to connect")
        let handshake = TLSHandshake { outcome in
            switch outcome {
            case .stream(let stream): completion(.success(stream))
            case .failed(let error): completion(.failure(error))
            case .plaintext: completion(.failure(.tls(.notTLS)))
            }
        }
        guard let name = TLSPeerName(host: host) else {
            return refuse(handshake, lower, "\"\(host)\" is no name of a host")
        }
        let names: [UInt8]
        do {
            names = try TLSContext.protocolNames(applicationProtocols)
        } catch {
            return refuse(handshake, lower, error.description)
        }
        guard let engine = TLSEngine(context: context),
            engine.expect(name, applicationProtocols: names)
        else {
            return refuse(handshake, lower, OpenSSLErrors.take().text)
        }
        return begin(handshake, engine, over: lower, deadline: deadline)
    }

    /// Makes a connection to a client of a stream that came from there.
    ///
    /// - Parameters:
    ///   - lower: The stream, whose receiver is replaced. It is closed when the handshake fails.
    ///   - context: A server's context.
    ///   - deadline: When the handshake must be done.
    ///   - completion: Called once in a later turn, unless the attempt is cancelled.
    @discardableResult
    public static func accept(
        over lower: any ByteStream, context: TLSContext, deadline: MonotonicTime,
        completion: @escaping (TLSAcceptance) -> Void
    ) -> any LoopAttempt {
        precondition(context.role == .server, "a server's context is needed to accept")
        let handshake = TLSHandshake(completion)
        guard let engine = TLSEngine(context: context) else {
            return refuse(handshake, lower, OpenSSLErrors.take().text)
        }
        return begin(handshake, engine, over: lower, deadline: deadline)
    }

    private static func begin(
        _ handshake: TLSHandshake, _ engine: TLSEngine, over lower: any ByteStream,
        deadline: MonotonicTime
    ) -> any LoopAttempt {
        let stream = TLSStream(over: lower, engine: engine, handshake: handshake)
        handshake.begin(stream, deadline: deadline)
        // A client speaks first. Nothing has come yet that could fail, but memory may be out.
        let outcome = engine.handshake()
        stream.drainOutgoing()
        if case .failed(let failure) = outcome {
            _ = lower.loop.schedule(after: .zero) {
                stream.failHandshake(.tls(failure), with: .abort)
            }
        }
        lower.receiver = TLSLowerReceiver(stream)
        return handshake
    }

    private static func refuse(
        _ handshake: TLSHandshake, _ lower: any ByteStream, _ reason: String
    ) -> any LoopAttempt {
        lower.abort()
        _ = lower.loop.schedule(after: .zero) {
            handshake.complete(.failed(.tls(.failed(reason))))
        }
        return handshake
    }

    /// How the stream below ends after a failure.
    enum LowerEnd {
        /// With what was said last, such as an alert.
        case close
        /// With a reset.
        case abort
    }

    /// Goes on with the handshake.
    func takeHandshake(_ bytes: Span<UInt8>) {
        guard let engine, !bytes.isEmpty else { return }
        if !engine.hasInput && engine.isServer && Self.isLetter(bytes[0]) {
            return handBack(bytes)
        }
        engine.feed(bytes)
        let outcome = engine.handshake()
        drainOutgoing()
        switch outcome {
        case .incomplete: return
        case .failed(let failure): failHandshake(.tls(failure), with: .close)
        case .complete:
            open()
            let handshake = handshake
            self.handshake = nil
            handshake?.complete(.stream(self))
        }
    }

    /// No record of TLS begins with a letter, and each request of HTTP does.
    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private func handBack(_ bytes: Span<UInt8>) {
        phase = .closed
        engine = nil
        let received = bytes.withUnsafeBufferPointer { Array($0) }
        lower.receiver = nil
        let handshake = handshake
        self.handshake = nil
        handshake?.complete(.plaintext(lower, received: received))
    }

    /// Ends the handshake and the stream below.
    func failHandshake(_ error: NetworkError, with end: LowerEnd) {
        guard phase == .handshaking else { return }
        phase = .closed
        engine = nil
        leaveLower(with: end)
        let handshake = handshake
        self.handshake = nil
        handshake?.complete(.failed(error))
    }
}
