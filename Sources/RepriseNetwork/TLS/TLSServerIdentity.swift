internal import Synchronization

/// The server context that new connections take, which may be replaced while the server runs.
///
/// Connections that are open keep the context they began with.
public final class TLSServerIdentity: Sendable {
    private let current: Mutex<TLSContext>

    /// Begins with a context.
    public init(_ context: TLSContext) {
        current = Mutex(context)
    }

    /// The context for the next connection.
    public var context: TLSContext { current.withLock { $0 } }

    /// Lets the connections to come take another context.
    public func replace(with context: TLSContext) {
        current.withLock { $0 = context }
    }
}
