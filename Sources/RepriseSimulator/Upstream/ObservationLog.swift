internal import Synchronization

/// What one upstream has seen, shared by all its connections.
final class ObservationLog: Sendable {
    private struct Connection {
        let reference: ConnectionReference
        var bytesWritten = 0
    }

    private struct State {
        var arrivals = 0
        var requests: [SimulatedRequest] = []
        var countByPath: [String: Int] = [:]
        var disconnects: [SimulatedDisconnect] = []
        var connections: [Int: Connection] = [:]
        var bytesByClosed: [Int: Int] = [:]
        var uploaded = 0
        var lastConnection = 0
        var acceptsConnections = true
    }

    private let state = Mutex(State())
    private let limit: Int

    /// Counts requests that have come whole.
    let requestSignal = CountSignal()
    /// Counts responses whose last byte went to the kernel.
    let responseSignal = CountSignal()
    /// Counts entries of ``disconnects``.
    let disconnectSignal = CountSignal()
    /// Counts accepted connections.
    let connectionSignal = CountSignal()
    /// Counts the times that a response had to wait because the peer did not read.
    let stallSignal = CountSignal()

    /// Makes an empty log that keeps the last `limit` requests and disconnects.
    init(limit: Int) {
        self.limit = max(1, limit)
    }

    /// The last whole requests, in the order of their arrival.
    var requests: [SimulatedRequest] {
        state.withLock { Array($0.requests.suffix(limit)) }
    }

    /// The last disconnects, in their order.
    var disconnects: [SimulatedDisconnect] {
        state.withLock { Array($0.disconnects.suffix(limit)) }
    }

    /// How many connections are open now.
    var openConnections: Int {
        state.withLock { $0.connections.count }
    }

    /// Bytes of request bodies read so far, those of unfinished requests included.
    var bytesUploaded: Int {
        state.withLock { $0.uploaded }
    }

    /// How many whole requests there were for a path without its query.
    func count(of path: String) -> Int {
        state.withLock { $0.countByPath[path] ?? 0 }
    }

    /// Bytes that the kernel took for a connection, open or closed.
    func bytesWritten(connection: Int) -> Int {
        state.withLock { $0.connections[connection]?.bytesWritten ?? $0.bytesByClosed[connection] }
            ?? 0
    }

    /// Gives a new connection its number; nil when the upstream is stopping.
    func opened(_ reference: ConnectionReference) -> Int? {
        let number = state.withLock { state -> Int? in
            guard state.acceptsConnections else { return nil }
            state.lastConnection += 1
            state.connections[state.lastConnection] = Connection(reference: reference)
            return state.lastConnection
        }
        if number != nil { connectionSignal.increment() }
        return number
    }

    /// Forgets a connection that is closed, but not its bytes.
    func closed(connection: Int) {
        state.withLock { state in
            guard let closed = state.connections.removeValue(forKey: connection) else { return }
            state.bytesByClosed[connection] = closed.bytesWritten
            state.bytesByClosed[connection - limit] = nil
        }
    }

    /// Stops the taking of connections, and gives those that are open.
    func stop() -> [ConnectionReference] {
        state.withLock { state in
            state.acceptsConnections = false
            return state.connections.sorted { $0.key < $1.key }.map(\.value.reference)
        }
    }

    /// Lists a whole request and gives it its place.
    func received(
        method: String, target: String, head: [UInt8], body: [UInt8], connection: Int
    ) -> SimulatedRequest {
        let headers = RequestHeadText.fields(head)
        let request = state.withLock { state in
            let request = SimulatedRequest(
                method: method, target: target, headers: headers, head: head, body: body,
                connection: connection, arrival: state.arrivals + 1)
            state.arrivals += 1
            state.countByPath[request.path, default: 0] += 1
            Self.append(request, to: &state.requests, keeping: limit)
            return request
        }
        requestSignal.increment()
        return request
    }

    /// Lists a peer that left before the end of a response.
    func disconnected(connection: Int, arrival: Int) {
        state.withLock { state in
            let disconnect = SimulatedDisconnect(
                connection: connection, arrival: arrival,
                bytesWritten: state.connections[connection]?.bytesWritten ?? 0)
            Self.append(disconnect, to: &state.disconnects, keeping: limit)
        }
        disconnectSignal.increment()
    }

    /// Notes how many bytes the kernel has taken on a connection since its beginning.
    func sent(_ count: Int64, connection: Int) {
        state.withLock { $0.connections[connection]?.bytesWritten = Int(clamping: count) }
    }

    /// Adds bytes of a request body.
    func uploaded(_ count: Int) {
        state.withLock { $0.uploaded += count }
    }

    /// Appends, and drops old elements now and then: half the array at once, so that a long run
    /// does not move the whole array for each element.
    private static func append<T>(_ element: T, to array: inout [T], keeping limit: Int) {
        if array.count >= 2 * limit {
            array.removeFirst(array.count - limit)
        }
        array.append(element)
    }
}
