import AsyncHTTPClient
import NIOCore
import RepriseProxy

extension HTTPClient.Configuration {
    /// A client as stores that are reached by HTTP need it: nothing is followed, retried or
    /// decompressed, and there are as many connections as there are requests.
    static func stores(_ proxy: ProxyConfiguration) -> Self {
        var pool = HTTPClient.Configuration.ConnectionPool(idleTimeout: .seconds(60))
        pool.concurrentHTTP1ConnectionsPerHostSoftLimit = 16_384
        pool.retryConnectionEstablishment = false
        var client = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: Timeout(connect: proxy.connectTimeout, read: proxy.idleTimeout),
            connectionPool: pool, decompression: .disabled)
        // Nobody collects traces here, and making spans that go nowhere takes time as well.
        client.tracing.tracer = nil
        return client
    }
}
