import Synchronization

/// A request on its way to the upstream, let go when it is sent: a prompt may be long, and a
/// response may last for minutes.
final class PendingMessage: Sendable {
    private let message: Mutex<UpstreamRequest?>

    init(_ message: UpstreamRequest) {
        self.message = Mutex(message)
    }

    /// The request; to be called once.
    func take() throws(UpstreamError) -> UpstreamRequest {
        guard let taken = message.withLock({ $0.take() }) else {
            throw .unsendable("it was sent before")
        }
        return taken
    }
}
