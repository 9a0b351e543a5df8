import NIOCore
import RepriseProxy
import RepriseStorage
import Synchronization

/// What the answering of a request has to know of its connection: whether the client has gone, and
/// what the hit path knows of the request in hand.
///
/// A client that closes its side of the connection (TCP FIN) counts as gone, as in nginx: one that
/// half-closes and still reads cannot be told from one that left.
final class ClientConnection: ChannelInboundHandler, RemovableChannelHandler, Sendable {
    typealias InboundIn = Any

    private let state = Mutex(State())

    private struct State {
        var isGone = false
        var action: (@Sendable () -> Void)?
        var alias: RequestAlias?
        var prepared: ProxyRequest.Prepared?
    }

    /// Says what the hit path knows of the request that it hands on, for as long as that is the
    /// only one in hand.
    func announce(alias: RequestAlias?, _ prepared: ProxyRequest.Prepared?) {
        state.withLock { state in
            state.alias = alias
            state.prepared = prepared
        }
    }

    /// Forgets what was announced.
    func forgetRequest() {
        announce(alias: nil, nil)
    }

    /// What the hit path is to know the request in hand by.
    var alias: RequestAlias? { state.withLock { $0.alias } }

    /// What the hit path has found out about the request in hand; once, so that it does not stay
    /// in memory for as long as the response lasts.
    func takePrepared() -> ProxyRequest.Prepared? {
        state.withLock { $0.prepared.take() }
    }

    /// Calls `action` once, on any thread, when the client goes, at once if it has gone already.
    func whenGone(_ action: @escaping @Sendable () -> Void) {
        let isGone = state.withLock { state in
            if !state.isGone { state.action = action }
            return state.isGone
        }
        if isGone { action() }
    }

    /// Forgets the action: the response is complete.
    func forgetAction() {
        state.withLock { $0.action = nil }
    }

    func channelInactive(context: ChannelHandlerContext) {
        markGone()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { markGone() }
        context.fireUserInboundEventTriggered(event)
    }

    private func markGone() {
        let action = state.withLock { state in
            state.isGone = true
            return state.action.take()
        }
        action?()
    }
}
