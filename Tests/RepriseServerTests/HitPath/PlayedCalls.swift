import Logging
import NIOCore
import NIOPosix
import RepriseCore
import RepriseStorage

@testable import RepriseProxy
@testable import RepriseServer

/// A proxy behind the hit path whose upstream calls a test plays itself.
struct PlayedCalls {
    /// What the hit path looks requests up with.
    let direct: DirectLookup
    /// The tier that hits come from.
    let memory: MemoryTier
    private let proxy: CachingProxy

    /// Makes a proxy.
    ///
    /// - Parameter store: What stands behind memory.
    init(store: (any ResponseStore)? = nil) {
        memory = HitPathConnection.emptyTier()
        let logger = Logger(label: "test")
        let tiered = TieredStore(
            memory: memory, persistent: store, clock: HitPathConnection.clock, logger: logger)
        proxy = CachingProxy(
            configuration: ProxyConfiguration(upstreams: [.init(baseURL: "http://u")]),
            store: tiered,
            executors: EventLoopExecutors(MultiThreadedEventLoopGroup.singleton),
            clock: HitPathConnection.clock, logger: logger)
        direct = DirectLookup(
            proxy: proxy, routes: RouteTable(names: []), log: AccessLog(logger: logger))
    }

    /// Opens a connection.
    func connection() throws -> HitPathConnection {
        try HitPathConnection(memory: memory, direct: direct)
    }

    /// Puts a call under way that a request will join.
    func call(for request: RequestText, retention: Int = 1 << 20) -> Flight? {
        let buffer = ByteBuffer(bytes: request.bytes)
        var keyed: [UInt8] = []
        guard
            case .head(let plain) = PlainRequest.scan(
                buffer.readableBytesUInt8Span, keyed: &keyed),
            let demand = direct.demand(of: plain, keyed: keyed, in: buffer)
        else { return nil }
        let joined = proxy.collapser.join(
            demand.inquiry.key, storing: nil, recheck: { () -> CachedResponse? in nil },
            makeFlight: { Flight(retention: retention, window: 16, keepsGoingAlone: true) })
        guard case .leads(_, let flight) = joined else { return nil }
        return flight
    }
}

extension Flight {
    /// Receives a head.
    func receive(_ status: Int32 = 200, _ fields: (StaticString, StaticString)...) {
        receive(
            head: ResponseHead(
                status: status,
                headers: fields.map { HeaderField(name: .init($0.0), value: .init($0.1)) }))
    }

    /// Receives some of the body.
    func receive(_ text: String) {
        _ = receive(ByteBuffer(string: text))
    }
}
