import NIOCore
import RepriseStorage
import Synchronization

/// What the answering of a request has to know of its connection: whether the client has gone, and
/// the alias of the request in hand.
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
    }

    /// The digest of the request that the hit path has handed on, for as long as it is the only
    /// one in hand.
    var alias: RequestAlias? {
        get { state.withLock { $0.alias } }
        set { state.withLock { $0.alias = newValue } }
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
