import HummingbirdCore
import Logging
import NIOCore

/// A connection without TLS: HTTP/1.1, with a bound on how long a request head may take.
struct PlainChannel: ServerChildChannel {
    private let http1: HTTP1Channel

    init(_ http1: HTTP1Channel) {
        self.http1 = http1
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        http1.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let requestGuard = try pipeline.handler(type: RequestGuard.self)
            try pipeline.addHandler(ArrivalNotifier(requestGuard), position: .first)
            return value
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        await http1.handle(value: value, logger: logger)
    }
}
