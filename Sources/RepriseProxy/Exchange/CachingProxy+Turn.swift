import RepriseCore
import RepriseStorage

extension CachingProxy {
    /// Brings a flight its response, from another server's call or from one of its own, and lands
    /// it.
    ///
    /// What is to be done for other servers is done after the landing, so that no reader waits for
    /// it: the lease outlasts the call until the response is written, or who waits for it elsewhere
    /// would find neither.
    func fetch(
        _ message: PendingMessage, _ flight: Flight, _ recorder: FlightRecorder?, in turn: CallTurn
    ) async {
        switch await turn.wait(flight) {
        case .replay(let stored):
            let metadata = stored.metadata
            flight.replay(
                head: ResponseHead(status: metadata.status, headers: metadata.headers),
                body: stored.body)
            land(flight, .complete(.stored), recorder)
        case .call(let lease):
            if flight.beginOwnCall(keepsGoingAlone: configuration.onDisconnect == .finish) {
                await fetch(message, flight, recorder, holding: lease)
            } else {
                land(flight, .failed(.cancelled), recorder)
            }
            await lease.end()
        }
    }

    private func fetch(
        _ message: PendingMessage, _ flight: Flight, _ recorder: FlightRecorder?,
        holding lease: CallLease
    ) async {
        await withDiscardingTaskGroup { group in
            // Beside the call, which may outlast the lease.
            group.addTask { await lease.keep() }
            let outcome = await call(message, flight, recorder)
            land(flight, outcome, recorder)
            if outcome == .complete(.stored) {
                await store.untilWritten(lease.key, for: CallLease.writeLimit)
            }
            group.cancelAll()
        }
    }

    /// Makes the call, and cuts it when this task is cancelled.
    private func call(
        _ message: PendingMessage, _ flight: Flight, _ recorder: FlightRecorder?
    ) async -> FlightOutcome {
        do throws(UpstreamError) {
            let message = try message.take()
            return await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    call(message, flight, recorder) { continuation.resume(returning: $0) }
                }
            } onCancel: {
                flight.cancellation.cancel()
            }
        } catch {
            return .failed(.upstream(error))
        }
    }
}
