extension SimulatedUpstream {
    /// The last whole requests (10,000 unless told otherwise), in the order of their arrival.
    public var requests: [SimulatedRequest] {
        log.requests
    }

    /// How many whole requests have come in all.
    public var requestCount: Int {
        log.requestSignal.count
    }

    /// How many whole requests have come for a path, whatever their query.
    public func count(of path: String) -> Int {
        log.count(of: path)
    }

    /// How many responses have been handed to the kernel to their clean end.
    public var responseCount: Int {
        log.responseSignal.count
    }

    /// How many connections have been accepted in all.
    public var connectionCount: Int {
        log.connectionSignal.count
    }

    /// How many connections are open now.
    public var openConnections: Int {
        log.openConnections
    }

    /// The peers that left before the end of the response, in their order.
    public var disconnects: [SimulatedDisconnect] {
        log.disconnects
    }

    /// Bytes that the kernel took on one connection, heads and framing included; it stands still
    /// while the peer does not read. What was written last may not be counted yet.
    ///
    /// - Parameter connection: The ``SimulatedRequest/connection`` of a request.
    public func bytesWritten(connection: Int) -> Int {
        log.bytesWritten(connection: connection)
    }

    /// Bytes of request bodies read so far, those of unfinished requests included.
    public var bytesUploaded: Int {
        log.bytesUploaded
    }

    /// How many times a response had to wait because the peer did not read.
    public var stallCount: Int {
        log.stallSignal.count
    }

    /// Returns when `count` whole requests have come, or when the task is cancelled.
    public func waitForRequests(_ count: Int) async {
        await log.requestSignal.wait(for: count)
    }

    /// Returns when `count` responses have gone out to their clean end, or when the task is
    /// cancelled.
    public func waitForResponses(_ count: Int) async {
        await log.responseSignal.wait(for: count)
    }

    /// Returns when `count` peers have left before the end of the response, or when the task is
    /// cancelled.
    public func waitForDisconnects(_ count: Int) async {
        await log.disconnectSignal.wait(for: count)
    }

    /// Returns when `count` connections have been accepted, or when the task is cancelled.
    public func waitForConnections(_ count: Int) async {
        await log.connectionSignal.wait(for: count)
    }

    /// Returns when responses had to wait for a slow peer `count` times, or when the task is
    /// cancelled.
    public func waitForStalls(_ count: Int) async {
        await log.stallSignal.wait(for: count)
    }
}
