import Foundation
import Logging
import RepriseServer
import ServiceLifecycle
import UnixSignals

/// Stops the proxy on SIGTERM and SIGINT: the first one drains, the second ends it at once.
struct ShutdownSignals {
    private let signals: UnixSignalsSequence
    private let readiness: Readiness
    private let drainDelay: Duration
    private let logger: Logger

    /// Traps the signals from now on.
    ///
    /// - Parameter drainDelay: How long `/ready` answers 503 while connections are still accepted.
    init(readiness: Readiness, drainDelay: Duration, logger: Logger) async {
        self.readiness = readiness
        self.drainDelay = drainDelay
        self.logger = logger
        signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
    }

    /// Waits for signals until its task is cancelled.
    func watch(_ group: ServiceGroup) async {
        await withDiscardingTaskGroup { tasks in
            var isStopping = false
            for await signal in signals {
                if isStopping {
                    // At once means at once: what is not flushed is lost.
                    _exit(128 + signal.rawValue)
                }
                isStopping = true
                logger.notice("stopping", metadata: ["signal": "\(signal)"])
                readiness.beginDraining()
                // Beside the watch: a second signal must be seen during the delay.
                tasks.addTask {
                    // Cancelled only when the group is gone already.
                    try? await Task.sleep(for: drainDelay)
                    await group.triggerGracefulShutdown()
                }
            }
        }
    }
}
