import RepriseNetwork
import Testing

/// A client and a server that talk TLS over a wire in memory.
final class TLSTestPair {
    let loop = TLSTestLoop()
    let clientWire: TLSTestWire
    let serverWire: TLSTestWire
    let clientReceiver = TLSTestReceiver()
    let serverReceiver = TLSTestReceiver()
    private(set) var clientResult: Result<any ByteStream, NetworkError>?
    private(set) var acceptance: TLSAcceptance?
    private(set) var attempt: (any LoopAttempt)?
    private(set) var serverAttempt: (any LoopAttempt)?

    init() {
        (clientWire, serverWire) = TLSTestWire.pair(loop)
    }

    /// Both sides with their streams open and receivers set.
    static func connected(
        client: TLSContext? = nil, server: TLSContext? = nil, host: String = "localhost",
        protocols: [String] = [], prepare: (TLSTestPair) -> Void = { _ in }
    ) throws -> TLSTestPair {
        let pair = TLSTestPair()
        prepare(pair)
        try pair.begin(client: client, server: server, host: host, protocols: protocols)
        pair.loop.run()
        _ = try pair.client
        _ = try pair.server
        return pair
    }

    func begin(
        client: TLSContext? = nil, server: TLSContext? = nil, host: String = "localhost",
        protocols: [String] = []
    ) throws {
        try accept(server)
        let context = try client ?? TLSTestCertificates.client()
        loop.turn {
            attempt = TLSStream.connect(
                over: clientWire, context: context, host: host, applicationProtocols: protocols,
                deadline: loop.now + .seconds(10)
            ) { [self] result in
                precondition(clientResult == nil, "a completion is called once")
                clientResult = result
                if case .success(let stream) = result { stream.receiver = clientReceiver }
            }
        }
    }

    func accept(_ server: TLSContext? = nil) throws {
        let context = try server ?? TLSTestCertificates.server()
        loop.turn {
            serverAttempt = TLSStream.accept(
                over: serverWire, context: context, deadline: loop.now + .seconds(10)
            ) { [self] result in
                precondition(acceptance == nil, "a completion is called once")
                acceptance = result
                if case .stream(let stream) = result { stream.receiver = serverReceiver }
            }
        }
    }

    var client: TLSStream {
        get throws { try #require(try clientResult?.get() as? TLSStream) }
    }

    var server: TLSStream {
        get throws {
            guard case .stream(let stream) = acceptance else {
                return try #require(
                    nil, "the server has no stream: \(String(describing: acceptance))")
            }
            return stream
        }
    }

    var clientError: NetworkError? {
        guard case .failure(let error) = clientResult else { return nil }
        return error
    }

    var serverError: NetworkError? {
        guard case .failed(let error) = acceptance else { return nil }
        return error
    }

    /// Runs an action as a turn, then all that follows from it.
    func run(_ action: () -> Void) {
        loop.turn(action)
        loop.run()
    }
}
