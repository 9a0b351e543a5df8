import Dispatch
import RepriseNetwork
import Synchronization

extension Network {
    /// The addresses that a listener's host stands for, at its port. Blocks while a name is looked
    /// up.
    func addresses(of name: ListenAddress) throws(NetworkError) -> [SocketAddress] {
        if let address = SocketAddress(host: name.host, port: name.port) { return [address] }
        let loop = loops[0]
        let found = Mutex<Result<[SocketAddress], NetworkError>?>(nil)
        let done = DispatchSemaphore(value: 0)
        loop.post {
            _ = loop.resolve(name.host, port: name.port) { result in
                found.withLock { $0 = result }
                done.signal()
            }
        }
        done.wait()
        return try found.withLock { $0 }?.get() ?? []
    }
}

extension NetworkError {
    /// What is wrong, for people.
    var words: String {
        switch self {
        case .unknownHost: "no address found"
        case .lookupFailed(let reason): reason
        case .timedOut: "timed out"
        case .system(_, let reason): reason
        case .tls(let failure): "\(failure)"
        case .proxyRefused(let status): "a proxy refused with status \(status)"
        }
    }
}

extension Surroundings {
    /// Which proxies lead to upstreams, by the variables that most programs read.
    func proxies() throws(SettingsError) -> ProxyConfiguration {
        func value(_ name: String) -> String? {
            environment[name] ?? environment[name.lowercased()]
        }
        do throws(ProxyConfigurationError) {
            return try ProxyConfiguration(
                http: value("HTTP_PROXY"), https: value("HTTPS_PROXY"),
                exceptions: value("NO_PROXY"))
        } catch {
            throw SettingsError("\(error.setting): the URL of the proxy \(error.reason)")
        }
    }
}
