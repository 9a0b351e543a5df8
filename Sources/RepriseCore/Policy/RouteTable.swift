/// Where a request on the proxy listener goes.
public enum Route: Equatable, Sendable {
    /// `/` and `/health`: the proxy answers that it runs.
    case health
    /// `/ready`: the proxy answers whether it accepts work.
    case ready
    /// An upstream, with the path and the query that follow its base, byte for byte as sent.
    ///
    /// The path begins with `/`; the query is nil when the target has no `?`.
    case upstream(index: Int, path: [UInt8], query: [UInt8]?)
    /// No route has that name.
    case notFound
}

/// The routes of the proxy listener.
public struct RouteTable: Sendable {
    private let names: [[UInt8]]

    /// Makes the table.
    ///
    /// - Parameter names: The named upstreams, without the default one. The first has index 1, because
    ///   index 0 is the default upstream, which answers to `/proxy` and `/v1`. A name that is `proxy`,
    ///   `v1`, `health` or `ready` can never be reached; settings refuse it.
    public init(names: [[UInt8]]) {
        self.names = names
    }

    /// Finds the route of a request target.
    ///
    /// Names are compared byte for byte, as whole segments. The method does not matter here.
    ///
    /// - Parameter target: A target in origin form (RFC 9112 §3.2.1), such as `/proxy/models?limit=1`.
    ///   Any other form is not found.
    public func route(target: [UInt8]) -> Route {
        guard target.first == UInt8(ascii: "/") else { return .notFound }
        let mark = target.firstIndex(of: UInt8(ascii: "?"))
        let pathEnd = mark ?? target.count
        let nameEnd = target[1..<pathEnd].firstIndex(of: UInt8(ascii: "/")) ?? pathEnd
        let name = Array(target[1..<nameEnd])
        if nameEnd == pathEnd {
            if name.isEmpty || name.equals("health") { return .health }
            if name.equals("ready") { return .ready }
        }
        guard let index = index(of: name) else { return .notFound }
        return .upstream(
            index: index,
            path: nameEnd == pathEnd ? [UInt8(ascii: "/")] : Array(target[nameEnd..<pathEnd]),
            query: mark.map { Array(target[($0 + 1)...]) })
    }

    private func index(of name: [UInt8]) -> Int? {
        if name.equals("proxy") || name.equals("v1") { return 0 }
        return names.firstIndex(of: name).map { $0 + 1 }
    }
}
