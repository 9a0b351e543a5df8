import Logging

extension ServerSettings {
    /// Takes every setting that `sources` have, and the default for the others.
    ///
    /// - Throws: ``SettingsError`` for the first value that is not one, named with its source.
    init(_ sources: SettingsSources) throws(SettingsError) {
        self.init()
        try sources.read(.listen, into: &listen, parse: Self.listenAddress)
        try sources.read(.threads, into: &threads, parse: Self.threadCount)
        tls = try Self.tlsFiles(sources)

        try sources.read(.defaultUpstream, into: &defaultUpstream, parse: UpstreamNotation.url)
        if let (texts, source) = try sources.texts(.upstream) {
            do {
                upstreams = try UpstreamNotation.named(texts)
            } catch {
                throw SettingsError(
                    source: source, setting: .upstream, text: texts.joined(separator: ","),
                    flaw: error)
            }
        }
        try sources.read(.upstreamConnectTimeout, into: &upstreamConnectTimeout, parse: Self.wait)
        try sources.read(.upstreamIdleTimeout, into: &upstreamIdleTimeout, parse: Self.wait)

        try sources.read(.store, into: &store, parse: Self.storeURL)
        if let (_, source) = try sources.text(.store) { storeLabel = source.label(.store) }
        try sources.readSize(.maxStore, into: &maxStore, in: 1...Int64.max)
        try sources.readSize(.memory, into: &memory, in: 0...Int64(Int.max))
        try sources.readSize(.maxEntry, into: &maxEntry, in: 1...Self.longestEntry)
        try sources.readSize(.maxBody, into: &maxBody, in: 1...Self.longestBody)
        try sources.read(.memoryTTL, into: &memoryTTL, parse: MemoryLifetime.init)
        try sources.read(.storeTimeout, into: &storeTimeout) { text throws(ValueFlaw) in
            try Self.wait(text)
        }
        try sources.read(
            .collapseAcrossServers, into: &collapsesAcrossServers, parse: Self.truth)
        try sources.read(.ttl, into: &ttl, parse: TimeSpan.parseSeconds)
        try sources.read(
            .shareAcrossCredentials, into: &sharesAcrossCredentials, parse: Self.truth)
        try sources.readCase(.onDisconnect, into: &onDisconnect)

        try sources.read(.headerTimeout, into: &headerTimeout, parse: Self.wait)
        try sources.read(.clientIdleTimeout, into: &clientIdleTimeout, parse: Self.wait)
        try sources.read(.drainDelay, into: &drainDelay, parse: Self.delay)
        try sources.read(.shutdownTimeout, into: &shutdownTimeout, parse: Self.delay)

        try sources.readCase(.logLevel, into: &logLevel)
        try sources.readCase(.logFormat, into: &logFormat)
    }

    /// The most that `max-entry` allows, in bytes: in base64 and with its metadata an entry must
    /// stay below the 1,000,000,000 bytes of an SQLite value (SQLITE_MAX_LENGTH).
    static let longestEntry: Int64 = 512_000_000
    /// The most that `max-body` allows, in bytes: one buffer holds a body, and its length has 32
    /// bits.
    static let longestBody: Int64 = 2_000_000_000

    private static func listenAddress(_ text: String) throws(ValueFlaw) -> ListenAddress {
        guard let address = ListenAddress(parsing: text) else {
            throw ValueFlaw("is not HOST:PORT; write 127.0.0.1:8787, [::1]:8787 or localhost:8787")
        }
        return address
    }

    private static func threadCount(_ text: String) throws(ValueFlaw) -> Int? {
        guard text.utf8.allSatisfy({ $0.isDigit }), let count = Int(text),
            (1...1_024).contains(count)
        else { throw ValueFlaw("is not a number of threads; write 1 to 1024") }
        return count
    }

    private static func tlsFiles(_ sources: SettingsSources) throws(SettingsError) -> TLSFiles? {
        var certificate: String?
        var privateKey: String?
        try sources.read(.tlsCertificate, into: &certificate, parse: path)
        try sources.read(.tlsKey, into: &privateKey, parse: path)
        switch (certificate, privateKey) {
        case (nil, nil): return nil
        case (let certificate?, let privateKey?):
            return TLSFiles(certificate: certificate, privateKey: privateKey)
        case (_?, nil): throw try sources.incompletePair(given: .tlsCertificate, missing: .tlsKey)
        case (nil, _?): throw try sources.incompletePair(given: .tlsKey, missing: .tlsCertificate)
        }
    }

    private static func path(_ text: String) throws(ValueFlaw) -> String? {
        if text.isEmpty { throw ValueFlaw("is not a file; write its path") }
        return text
    }

    private static func storeURL(_ text: String) throws(ValueFlaw) -> String? {
        if text.isEmpty { throw ValueFlaw("is not a store; write memory: or sqlite:PATH") }
        return text
    }

    private static func wait(_ text: String) throws(ValueFlaw) -> Duration {
        try TimeSpan.parse(text, minimum: .milliseconds(1))
    }

    private static func delay(_ text: String) throws(ValueFlaw) -> Duration {
        try TimeSpan.parse(text, minimum: .zero)
    }

    private static func truth(_ text: String) throws(ValueFlaw) -> Bool {
        switch text.lowercased() {
        case "true", "yes", "on", "1": true
        case "false", "no", "off", "0": false
        default: throw ValueFlaw("is neither true nor false; write one of them")
        }
    }
}
