import NIOCore
import RepriseProxy
import RepriseServer

extension ServerSettings {
    /// The part of the settings that the proxy goes by.
    var proxyConfiguration: ProxyConfiguration {
        let urls = [defaultUpstream] + upstreams.map(\.url)
        var configuration = ProxyConfiguration(
            upstreams: urls.map { ProxyConfiguration.Upstream(baseURL: $0.text) })
        configuration.defaultTTL = ttl
        configuration.maximumEntrySize = maxEntry
        configuration.maximumBodySize = maxBody
        configuration.onDisconnect = onDisconnect == .finish ? .finish : .cancel
        configuration.sharesCredentials = sharesAcrossCredentials
        configuration.collapsesAcrossServers = collapsesAcrossServers
        configuration.connectTimeout = TimeAmount(upstreamConnectTimeout)
        configuration.idleTimeout = TimeAmount(upstreamIdleTimeout)
        return configuration
    }
}
