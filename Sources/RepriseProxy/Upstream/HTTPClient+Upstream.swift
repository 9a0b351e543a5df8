public import AsyncHTTPClient
import NIOCore

extension HTTPClient.Configuration {
    /// A client as upstreams need it: redirects go to the caller, nothing is retried (the SDKs
    /// retry), bodies stay as they are, and as many connections as there are requests.
    public static func upstream(_ configuration: ProxyConfiguration) -> Self {
        var pool = HTTPClient.Configuration.ConnectionPool(idleTimeout: .seconds(60))
        pool.concurrentHTTP1ConnectionsPerHostSoftLimit = 16_384
        pool.retryConnectionEstablishment = false
        var client = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: Timeout(
                connect: configuration.connectTimeout, read: configuration.idleTimeout),
            connectionPool: pool, decompression: .disabled)
        // Nobody collects traces here, and making spans that go nowhere takes time as well.
        client.tracing.tracer = nil
        return client
    }
}
