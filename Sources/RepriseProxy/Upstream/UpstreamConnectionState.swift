import NIOCore
import RepriseCore

/// Which request a connection to an upstream is busy with, and how far its response has come: a
/// state machine without I/O.
struct UpstreamConnectionState {
    /// What is to be done about an event.
    enum Action: Equatable {
        /// Nothing, until more comes.
        case wait
        /// The response's head is passed on.
        case head(ResponseHead, isFramed: Bool)
        /// A piece of the response's body is passed on.
        case body(ByteBuffer)
        /// The response is over.
        ///
        /// - Parameter keepsAlive: Whether the connection takes another request; else it is closed.
        case end(keepsAlive: Bool)
        /// The response comes to no end, and the connection is closed.
        case fail
        /// The connection is closed; no response is owed.
        case close
    }

    private enum State {
        case idle
        case busy(ResponseParser)
        case closed
    }

    private var state = State.idle
    /// Whether the request is still being sent.
    private(set) var isSending = false

    /// Whether a response is owed.
    var isBusy: Bool { if case .busy = state { true } else { false } }

    /// Begins a request.
    ///
    /// - Parameters:
    ///   - isHead: Whether its method is `HEAD`.
    ///   - isWhole: Whether all of it is sent at once.
    /// - Returns: false when the connection takes none.
    mutating func begin(isHead: Bool, isWhole: Bool) -> Bool {
        guard case .idle = state else { return false }
        state = .busy(ResponseParser(isHead: isHead))
        isSending = !isWhole
        return true
    }

    /// The request has been sent to its end.
    mutating func endRequest() { isSending = false }

    /// Takes what the upstream sent; to be called again until it says to wait.
    mutating func receive(_ buffer: inout ByteBuffer) -> Action {
        switch state {
        case .idle:
            guard buffer.readableBytes > 0 else { return .wait }
            // Nothing was asked: whose answer would this be?
            state = .closed
            return .close
        case .closed:
            return .wait
        case .busy(var parser):
            // Moved out, so that it is changed in place.
            state = .closed
            let action = parse(&parser, &buffer)
            switch action {
            case .wait, .head, .body: state = .busy(parser)
            case .end(keepsAlive: true): state = .idle
            case .end(keepsAlive: false), .fail, .close: break
            }
            return action
        }
    }

    /// Takes the end of the connection.
    ///
    /// - Parameter isClean: Whether the upstream ended it in the way that the transport provides.
    mutating func receiveEnd(isClean: Bool) -> Action {
        defer { state = .closed }
        switch state {
        case .idle: return .close
        case .closed: return .wait
        case .busy(var parser):
            guard isClean, let part = try? parser.finish(), part == .end else { return .fail }
            return .end(keepsAlive: false)
        }
    }

    private func parse(_ parser: inout ResponseParser, _ buffer: inout ByteBuffer) -> Action {
        do throws(ResponseParser.Flaw) {
            switch try parser.next(&buffer) {
            case nil: return .wait
            case .head(let head): return .head(head, isFramed: parser.isFramed)
            case .body(let piece): return .body(piece)
            case .end:
                // An answer that came before its request was sent leaves nobody knowing how the
                // upstream takes the rest.
                let isOver = buffer.readableBytes == 0 && !isSending
                return .end(keepsAlive: isOver && parser.keepsAlive)
            }
        } catch {
            return .fail
        }
    }
}
