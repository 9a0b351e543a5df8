/// One thread that runs callbacks: what is read, what is due, what others have posted.
///
/// Everything that belongs to a loop (its streams, timers, calls) is touched on the loop's thread
/// alone; only ``post(_:)``, ``isCurrent`` and ``wallClock`` may be used from elsewhere. A *turn* is
/// one callback with all that it brings about: the actions given to ``afterThisTurn(_:)`` run at its
/// end, and then what was written to streams goes to the sockets, so that all pieces that a turn
/// writes to one stream leave together.
///
/// This protocol is part of the door by which time and the network come in: the server above it
/// runs unchanged in a simulated world.
public protocol EventLoop: AnyObject, Sendable {
    /// Whether this is the loop's thread.
    var isCurrent: Bool { get }

    /// The time at the beginning of this turn.
    var now: MonotonicTime { get }

    /// The time at this very moment, for measuring what happens within a turn.
    var thisMoment: MonotonicTime { get }

    /// The time of day in milliseconds since 1970-01-01T00:00:00Z. It may step back. From any
    /// thread.
    var wallClock: Int64 { get }

    /// Runs an action once, a duration from now.
    func schedule(after delay: Duration, _ action: @escaping () -> Void) -> any LoopTimer

    /// Runs an action at the end of this turn.
    func afterThisTurn(_ action: @escaping () -> Void)

    /// Runs an action on the loop, in a turn of its own. From any thread; in the order of posting
    /// for one poster. What is posted to a loop that has stopped is dropped.
    func post(_ action: @escaping @Sendable () -> Void)

    /// Finds the addresses of a host.
    ///
    /// - Parameters:
    ///   - host: A name, or an address in text form (IPv6 without brackets).
    ///   - port: The port that the addresses are to have.
    ///   - completion: Called once in a later turn, unless the attempt is cancelled.
    func resolve(
        _ host: String, port: UInt16,
        _ completion: @escaping (Result<[SocketAddress], NetworkError>) -> Void
    ) -> any LoopAttempt

    /// Connects to one address.
    ///
    /// - Parameter completion: Called once in a later turn, unless the attempt is cancelled. The
    ///   stream does not read before it has a receiver.
    func connect(
        to address: SocketAddress,
        _ completion: @escaping (Result<any ByteStream, NetworkError>) -> Void
    ) -> any LoopAttempt

    /// A random number, seeded in simulation.
    func randomNumber() -> UInt64
}

extension EventLoop {
    /// The beginning of the turn, for loops on which a turn takes no time.
    public var thisMoment: MonotonicTime { now }
}

/// An action that will run unless it is cancelled.
public protocol LoopTimer: AnyObject {
    /// Keeps the action from running, and lets it go. Without effect once it has begun.
    func cancel()
}

/// A name look-up or a connection under way.
public protocol LoopAttempt: AnyObject {
    /// Gives it up: its completion is not called any more. Without effect once it has been.
    func cancel()
}

/// A value that belongs to a loop, on its way through other threads.
///
/// It may be carried anywhere, and opened only on the loop's thread.
///
/// `@unchecked Sendable` because ``value`` traps on any other thread than the loop's; releasing the
/// value elsewhere is safe for objects whose `deinit` touches nothing of the loop, which holds for
/// all that are put into it here.
public struct LoopBound<Value>: @unchecked Sendable {
    private let loop: any EventLoop
    private let content: Value

    /// Wraps a value on its loop.
    public init(_ value: Value, on loop: any EventLoop) {
        precondition(loop.isCurrent, "a value is bound on the thread of its loop")
        self.loop = loop
        content = value
    }

    /// The value; only on the loop's thread.
    public var value: Value {
        precondition(loop.isCurrent, "a value is opened on the thread of its loop")
        return content
    }
}
