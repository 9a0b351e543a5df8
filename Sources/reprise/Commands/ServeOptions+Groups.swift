import ArgumentParser
import RepriseServer

/// Flags for where and how the proxy listens.
struct ListeningOptions: ParsableArguments {
    @Option(.listen) var listen: String?
    @Option(.tlsCertificate) var tlsCertificate: String?
    @Option(.tlsKey) var tlsKey: String?
    @Option(.threads) var threads: String?

    /// The value of each flag of this group; nil for one that was not given.
    var texts: [Setting: String?] {
        [
            .listen: listen, .tlsCertificate: tlsCertificate, .tlsKey: tlsKey, .threads: threads,
        ]
    }
}

/// Flags for where requests go.
struct UpstreamOptions: ParsableArguments {
    @Option(.defaultUpstream) var defaultUpstream: String?
    @Option(.upstream) var upstream: [String] = []
    @Option(.upstreamConnectTimeout) var upstreamConnectTimeout: String?
    @Option(.upstreamIdleTimeout) var upstreamIdleTimeout: String?

    /// The value of each flag of this group that takes one; nil for one that was not given.
    var texts: [Setting: String?] {
        [
            .defaultUpstream: defaultUpstream, .upstreamConnectTimeout: upstreamConnectTimeout,
            .upstreamIdleTimeout: upstreamIdleTimeout,
        ]
    }
}

/// Flags for what is stored, where, for how long and for whom.
struct CacheOptions: ParsableArguments {
    @Option(.store) var store: String?
    @Option(.maxStore) var maxStore: String?
    @Option(.storeTimeout) var storeTimeout: String?
    @Option(.memory) var memory: String?
    @Option(.memoryTTL) var memoryTTL: String?
    @Option(.ttl) var ttl: String?
    @Option(.maxEntry) var maxEntry: String?
    @Option(.maxBody) var maxBody: String?
    @Option(.onDisconnect) var onDisconnect: String?
    @Flag(
        name: .customLong(Setting.shareAcrossCredentials.name), inversion: .prefixedNo,
        help: ArgumentHelp(.shareAcrossCredentials))
    var shareAcrossCredentials: Bool?
    @Flag(
        name: .customLong(Setting.collapseAcrossServers.name), inversion: .prefixedNo,
        help: ArgumentHelp(.collapseAcrossServers))
    var collapseAcrossServers: Bool?

    /// The flags of this group that take no value; nil for one that was not given.
    var switches: [Setting: Bool?] {
        [
            .shareAcrossCredentials: shareAcrossCredentials,
            .collapseAcrossServers: collapseAcrossServers,
        ]
    }

    /// The value of each flag of this group that takes one; nil for one that was not given.
    var texts: [Setting: String?] {
        [
            .store: store, .maxStore: maxStore, .storeTimeout: storeTimeout, .memory: memory,
            .memoryTTL: memoryTTL, .ttl: ttl, .maxEntry: maxEntry, .maxBody: maxBody,
            .onDisconnect: onDisconnect,
        ]
    }
}

/// Flags for how long clients and a stopping proxy may take.
struct TimeLimitOptions: ParsableArguments {
    @Option(.headerTimeout) var headerTimeout: String?
    @Option(.clientIdleTimeout) var clientIdleTimeout: String?
    @Option(.drainDelay) var drainDelay: String?
    @Option(.shutdownTimeout) var shutdownTimeout: String?

    /// The value of each flag of this group; nil for one that was not given.
    var texts: [Setting: String?] {
        [
            .headerTimeout: headerTimeout, .clientIdleTimeout: clientIdleTimeout,
            .drainDelay: drainDelay, .shutdownTimeout: shutdownTimeout,
        ]
    }
}

/// Flags for the file of settings and for the log.
struct GeneralOptions: ParsableArguments {
    @Option(.configFile) var configFile: String?
    @Option(.logLevel) var logLevel: String?
    @Option(.logFormat) var logFormat: String?

    /// The value of each flag of this group; nil for one that was not given.
    var texts: [Setting: String?] {
        [.configFile: configFile, .logLevel: logLevel, .logFormat: logFormat]
    }
}

extension ArgumentHelp {
    /// The help of a flag as its setting describes it.
    init(_ setting: Setting) {
        self.init(
            .init(stringLiteral: setting.help),
            valueName: setting.isSwitch ? nil : setting.valueName)
    }
}

extension Option {
    /// A flag for a setting, which takes one value.
    init(_ setting: Setting) where Value == String? {
        // A value that begins with a dash is a bad value, not a flag: the loader says which.
        self.init(
            name: .customLong(setting.name), parsing: .unconditional, help: ArgumentHelp(setting))
    }

    /// A flag for a setting, which may be given several times.
    init(wrappedValue: [String], _ setting: Setting) where Value == [String] {
        self.init(
            wrappedValue: wrappedValue, name: .customLong(setting.name),
            parsing: .unconditionalSingleValue, help: ArgumentHelp(setting))
    }
}
