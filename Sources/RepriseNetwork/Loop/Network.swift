/// Where a server gets its threads, sockets, names and clocks from.
///
/// Handed over at assembly; nothing above this room reads a clock, opens a socket or starts a thread
/// by itself. ``SystemNetwork`` is the machine's, and simulation has its own.
public protocol Network: AnyObject, Sendable {
    /// The event loops, at least one.
    var loops: [any EventLoop] { get }

    /// Binds an address and accepts connections, which are spread over the loops.
    ///
    /// - Parameters:
    ///   - address: Where to listen; port 0 takes a free one.
    ///   - limit: The most connections that are open at once. The rest waits in the backlog.
    ///   - accept: Called on the loop that the stream belongs to, which is to give it a receiver in
    ///     that turn.
    /// - Throws: When the address cannot be bound, such as because another process listens there.
    func listen(
        on address: SocketAddress, limit: Int,
        accept: @escaping @Sendable (any ByteStream) -> Void
    ) throws(NetworkError) -> any Listener

    /// Makes a thread for work that blocks, such as that of a database.
    ///
    /// - Parameter name: At most 15 ASCII characters, for debuggers.
    func makeWorker(named name: String) -> any Worker
}

/// A bound address that accepts connections.
public protocol Listener: AnyObject, Sendable {
    /// The address with its real port.
    var address: SocketAddress { get }

    /// How many accepted connections are open.
    var connectionCount: Int { get }

    /// Accepts no more; connections that are open stay so. From any thread.
    ///
    /// - Parameter completion: Called on one of the loops once the address is free again.
    func close(_ completion: @escaping @Sendable () -> Void)
}

/// A thread of its own for work that blocks: pieces run one after the other, in the order given.
public protocol Worker: AnyObject, Sendable {
    /// Runs a piece of work after those given before it. From any thread.
    func submit(_ work: @escaping @Sendable () -> Void)

    /// Runs a piece of work a duration from now, or later.
    func submit(after delay: Duration, _ work: @escaping @Sendable () -> Void)

    /// Ends the thread once what was given before is done. Later work is dropped.
    func stop()
}
