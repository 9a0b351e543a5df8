import NIOCore
import RepriseStorage
import Synchronization

/// The hit paths' shared parts, one for each event loop, made when its first connection comes.
final class HitPathLoops: Sendable {
    private let clock: WallClock
    private let logTarget: HitLog.Target?
    private let loops = Mutex<[ObjectIdentifier: NIOLoopBound<HitPathLoop>]>([:])

    /// Makes none yet.
    ///
    /// - Parameters:
    ///   - clock: The time that ages are counted in.
    ///   - logTarget: Where hits are logged; nil: nowhere.
    init(clock: WallClock, logTarget: HitLog.Target?) {
        self.clock = clock
        self.logTarget = logTarget
    }

    /// The part for a connection's event loop; to be called on that loop.
    func loop(of channel: any Channel) -> HitPathLoop {
        let eventLoop = channel.eventLoop
        return loops.withLock { loops in
            if let known = loops[ObjectIdentifier(eventLoop)] { return known }
            let hitLog = logTarget.map { HitLog($0, loop: eventLoop) }
            let made = NIOLoopBound(HitPathLoop(clock: clock, hitLog: hitLog), eventLoop: eventLoop)
            loops[ObjectIdentifier(eventLoop)] = made
            return made
        }.value
    }
}
