import RepriseCore
public import RepriseNetwork

/// Where a base URL leads.
public struct Upstream: Sendable {
    /// The host that is connected to.
    public let origin: Origin
    /// The path of the base URL without a slash at its end; empty for none.
    public let basePath: [UInt8]

    /// Makes an upstream from the parts of its base URL.
    public init(origin: Origin, basePath: [UInt8]) {
        self.origin = origin
        self.basePath = basePath
    }

    /// The target of a request in origin form.
    func target(of request: Fetch) -> [UInt8] {
        var target = basePath + request.path
        if target.isEmpty { target = [UInt8(ascii: "/")] }
        if let query = request.query {
            target.append(UInt8(ascii: "?"))
            target += query
        }
        return target
    }
}
