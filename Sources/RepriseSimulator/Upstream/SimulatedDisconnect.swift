/// A connection that the peer closed before the response to its request had ended.
public struct SimulatedDisconnect: Sendable, Equatable {
    /// The connection's number.
    public let connection: Int

    /// The ``SimulatedRequest/arrival`` of the request that was being answered.
    public let arrival: Int

    /// How many bytes had gone out on the connection, heads and framing included.
    public let bytesWritten: Int
}
