public import NIOCore
import NIOPosix

/// The executors of a group's event loops, one each.
public final class EventLoopExecutors: Sendable {
    /// All executors, in the order of the group's loops.
    let all: [EventLoopExecutor]
    /// The group's loops, in its order.
    let eventLoops: [any EventLoop]
    private let group: any EventLoopGroup
    private let indices: [ObjectIdentifier: Int]

    /// Makes the executors of all loops in a group.
    public init(_ group: any EventLoopGroup) {
        self.group = group
        let loops = Array(group.makeIterator())
        eventLoops = loops
        all = loops.map { EventLoopExecutor($0) }
        indices = Dictionary(
            uniqueKeysWithValues: zip(loops.map { ObjectIdentifier($0) }, loops.indices))
    }

    /// The executor of an event loop; nil for one of another group.
    public func executor(of eventLoop: any EventLoop) -> EventLoopExecutor? {
        indices[ObjectIdentifier(eventLoop)].map { all[$0] }
    }

    /// The index of the executor on whose thread this is; nil on any other thread.
    var currentIndex: Int? {
        MultiThreadedEventLoopGroup.currentEventLoop.flatMap { indices[ObjectIdentifier($0)] }
    }

    /// The event loop on whose thread this is; any of the group's on any other thread.
    var currentEventLoop: any EventLoop {
        guard let current = MultiThreadedEventLoopGroup.currentEventLoop,
            indices[ObjectIdentifier(current)] != nil
        else { return group.any() }
        return current
    }
}
