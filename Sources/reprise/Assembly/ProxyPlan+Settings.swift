import RepriseCore
import RepriseNetwork
import RepriseProxy
import RepriseServer

extension ProxyPlan {
    /// What the settings come to.
    init(_ settings: ServerSettings, proxies: ProxyConfiguration) {
        let urls = [settings.defaultUpstream] + settings.upstreams.map(\.url)
        self.init(upstreams: urls.map { Upstream($0) })
        self.settings = ExchangeSettings(
            upstreams: urls.map(\.text), names: settings.upstreams.map { Array($0.name.utf8) },
            maximumEntrySize: Int64(settings.maxEntry), maximumBodySize: Int64(settings.maxBody))
        self.settings.defaultTTL = settings.ttl
        self.settings.sharesCredentials = settings.sharesAcrossCredentials
        self.settings.finishesAlone = settings.onDisconnect == .finish
        server.handshakeTimeout = settings.handshakeTimeout
        server.headerTimeout = settings.headerTimeout
        server.idleTimeout = settings.clientIdleTimeout
        connectTimeout = settings.upstreamConnectTimeout
        silence = settings.upstreamIdleTimeout
        self.proxies = proxies
        memory = settings.memory
        collapsesAcrossServers = settings.collapsesAcrossServers
        memoryTTL = settings.memoryTTL.seconds(isShared: settings.store?.isShared ?? false)
        storeTimeout =
            settings.storeTimeout ?? settings.store?.standardTimeout ?? .milliseconds(50)
    }
}

extension Upstream {
    /// Where a base URL leads.
    fileprivate init(_ url: BaseURL) {
        self.init(
            origin: Origin(
                isSecure: url.isSecure, host: String(decoding: url.host, as: UTF8.self),
                port: url.port),
            basePath: url.path)
    }
}
