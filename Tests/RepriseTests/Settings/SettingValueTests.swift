import RepriseLogging
import Testing

@testable import reprise

/// What each setting makes of good and of bad values.
struct SettingValueTests {
    @Test func nothingGivenIsTheDefaults() throws {
        #expect(try load() == standard)
    }

    @Test(arguments: Setting.all)
    func statedDefaultIsTheDefault(of setting: Setting) throws {
        guard case .value(let text) = setting.fallback else { return }
        #expect(try load(flags: [setting.name: [text]]) == standard)
    }

    @Test(arguments: [
        ("127.0.0.1:8787", "127.0.0.1", 8787), ("0.0.0.0:0", "0.0.0.0", 0),
        ("[::1]:65535", "::1", 65535), ("localhost:1", "localhost", 1),
        ("Proxy.Example:80", "proxy.example", 80), ("my_service:80", "my_service", 80),
    ])
    func goodListenAddress(text: String, host: String, port: UInt16) throws {
        let settings = try load(flags: ["listen": [text]])
        #expect(settings.listen == ListenAddress(host: host, port: port))
    }

    @Test func ipv6AddressIsWrittenInBrackets() {
        #expect(ListenAddress(host: "::1", port: 80).description == "[::1]:80")
        #expect(ListenAddress(host: "localhost", port: 80).description == "localhost:80")
    }

    @Test(arguments: [
        "", "8787", ":8787", "localhost", "localhost:", "localhost:x", "localhost:65536",
        "localhost:-1", "localhost:+1", "::1:80", "[::1]", "[::1]80", "[::1", "[]:80",
        "[localhost]:80", "[127.0.0.1]:80", "300.1.1.1:80", "127.1:80", "a b:80", "-a:80",
        "a..b:80",
        "http://localhost:80", "*:80", "é:80",
    ])
    func badListenAddress(text: String) {
        #expect(
            message(flags: ["listen": [text]]) == """
                --listen: "\(text)" is not HOST:PORT; write 127.0.0.1:8787, [::1]:8787 or \
                localhost:8787
                """)
    }

    @Test(arguments: [
        ("0", 0), ("1", 1), ("256MB", 256_000_000), ("256mb", 256_000_000), ("256 MB", 256_000_000),
        ("256M", 256_000_000), ("8MiB", 8 << 20), ("1.5GB", 1_500_000_000), ("1.5KiB", 1_536),
        ("0.5k", 500), ("1TB", 1_000_000_000_000), ("2TiB", 2 << 40), ("3GiB", 3 << 30),
        ("12B", 12), ("1000.0", 1_000), ("1.500000000000000000000KB", 1_500),
    ])
    func goodSize(text: String, bytes: Int) throws {
        #expect(try load(flags: ["memory": [text]]).memory == bytes)
    }

    @Test(arguments: [
        "", "12 elephants", "MB", "-1MB", "+1MB", "1e6", "1,5GB", "1.GB", ".5GB", "1  MB", "1 ",
        "1MBB", "0x10", " 1", "١MB", "1PB",
    ])
    func badSize(text: String) {
        #expect(
            message(flags: ["memory": [text]])
                == "--memory: \"\(text)\" is not a size; write 256MB")
    }

    @Test(arguments: ["1.5", "0.3333KiB", "9223372036854775808", "10000000000GB", "0.1B"])
    func sizeThatIsNotWholeBytesOrTooManyIsRefused(text: String) {
        #expect(
            message(flags: ["memory": [text]])
                == "--memory: \"\(text)\" is not a whole number of bytes below 8 EiB; write 256MB")
    }

    @Test(arguments: [
        ("max-entry", "0", "is too small; write at least 1B"),
        ("max-entry", "513MB", "is too large; write at most 512MB"),
        ("max-body", "0", "is too small; write at least 1B"),
        ("max-body", "2GiB", "is too large; write at most 2GB"),
        ("max-store", "1048575", "is too small; write at least 1MiB"),
    ])
    func sizeOutOfBoundsIsRefused(setting: String, text: String, flaw: String) {
        #expect(message(flags: [setting: [text]]) == "--\(setting): \"\(text)\" \(flaw)")
    }

    @Test func sizesGoWhereTheyBelong() throws {
        let settings = try load(flags: [
            "max-entry": ["1KB"], "max-body": ["2KB"], "max-store": ["3MB"], "memory": ["4KB"],
        ])
        #expect(settings.maxEntry == 1_000)
        #expect(settings.maxBody == 2_000)
        #expect(settings.maxStore == 3_000_000)
        #expect(settings.memory == 4_000)
    }

    @Test(arguments: [
        ("1", 1), ("90s", 90), ("10m", 600), ("24h", 86_400), ("7d", 604_800), ("2000ms", 2),
        ("36500d", 3_153_600_000), ("none", nil),
    ])
    func goodLifetime(text: String, seconds: Int64?) throws {
        let settings = try load(flags: ["ttl": [text], "memory-ttl": [text]])
        #expect(settings.ttl == seconds)
        #expect(settings.memoryTTL == seconds.map { .seconds($0) } ?? .unlimited)
    }

    @Test func memoryInFrontOfASharedStoreAsksItAgainAfterAMinute() throws {
        let standard = try load(flags: [:]).memoryTTL
        #expect(standard.seconds(isShared: false) == nil)
        #expect(standard.seconds(isShared: true) == 60)
        #expect(MemoryLifetime.unlimited.seconds(isShared: true) == nil)
        #expect(MemoryLifetime.seconds(5).seconds(isShared: false) == 5)
    }

    @Test(arguments: [
        ("", "is not a duration; write 90s, 10m, 24h, 7d or none"),
        ("soon", "is not a duration; write 90s, 10m, 24h, 7d or none"),
        ("-1", "is not a duration; write 90s, 10m, 24h, 7d or none"),
        ("1.5h", "is not a duration; write 90s, 10m, 24h, 7d or none"),
        ("10M", "is not a duration; write 90s, 10m, 24h, 7d or none"),
        ("10 m", "is not a duration; write 90s, 10m, 24h, 7d or none"),
        ("1h30m", "is not a duration; write 90s, 10m, 24h, 7d or none"),
        ("0", "is too short; write at least 1s, or none"),
        ("1500ms", "is not whole seconds; write 90s, 10m, 24h, 7d or none"),
        ("36501d", "is too long; write at most 36500d"),
        ("99999999999999999999", "is too long; write at most 36500d"),
    ])
    func badLifetime(text: String, flaw: String) {
        #expect(message(flags: ["ttl": [text]]) == "--ttl: \"\(text)\" \(flaw)")
    }

    @Test func timeLimitsGoWhereTheyBelong() throws {
        let settings = try load(flags: [
            "upstream-connect-timeout": ["1s"], "upstream-idle-timeout": ["2s"], "header-timeout": ["3s"],
            "client-idle-timeout": ["4s"], "drain-delay": ["500ms"], "shutdown-timeout": ["0"],
        ])
        #expect(settings.upstreamConnectTimeout == .seconds(1))
        #expect(settings.upstreamIdleTimeout == .seconds(2))
        #expect(settings.headerTimeout == .seconds(3))
        #expect(settings.clientIdleTimeout == .seconds(4))
        #expect(settings.drainDelay == .milliseconds(500))
        #expect(settings.shutdownTimeout == .zero)
    }

    @Test(arguments: [
        "upstream-connect-timeout", "upstream-idle-timeout", "header-timeout", "client-idle-timeout",
    ])
    func timeLimitOfZeroIsRefused(setting: String) {
        #expect(
            message(flags: [setting: ["0"]])
                == "--\(setting): \"0\" is too short; write at least 1ms")
    }

    @Test(arguments: ["1", "8", "1024"])
    func goodThreadCount(text: String) throws {
        #expect(try load(flags: ["threads": [text]]).threads == Int(text))
    }

    @Test(arguments: ["", "0", "1025", "-1", "+1", "two", "1.5"])
    func badThreadCount(text: String) {
        #expect(
            message(flags: ["threads": [text]])
                == "--threads: \"\(text)\" is not a number of threads; write 1 to 1024")
    }

    @Test(arguments: [
        ("true", true), ("YES", true), ("on", true), ("1", true), ("false", false), ("no", false),
        ("off", false), ("0", false),
    ])
    func truthValueIsReadInEveryUsualForm(text: String, truth: Bool) throws {
        let settings = try load(flags: ["share-across-credentials": [text]])
        #expect(settings.sharesAcrossCredentials == truth)
    }

    @Test func badTruthValue() {
        #expect(
            message(flags: ["share-across-credentials": ["maybe"]])
                == "--share-across-credentials: \"maybe\" is neither true nor false; write one of them"
        )
    }

    @Test func wordsAreReadWhateverTheirCase() throws {
        let settings = try load(flags: [
            "on-disconnect": ["Cancel"], "log-level": ["DEBUG"], "log-format": ["json"],
        ])
        #expect(settings.onDisconnect == .cancel)
        #expect(settings.logLevel == .debug)
        #expect(settings.logFormat == .json)
    }

    @Test(arguments: [
        ("on-disconnect", "finish or cancel"), ("log-format", "text or json"),
        ("log-level", "trace, debug, info, notice, warning, error or critical"),
    ])
    func unknownWordIsAnsweredWithTheKnownOnes(setting: String, words: String) {
        #expect(
            message(flags: [setting: ["loud"]])
                == "--\(setting): \"loud\" is not known; write \(words)")
    }

    @Test func certificateAndKeyComeTogether() {
        #expect(
            message(flags: ["tls-cert": ["c.pem"]])
                == "--tls-cert: needs tls-key too; give both or neither")
        #expect(
            message(environment: ["REPRISE_TLS_KEY": "k.pem"])
                == "REPRISE_TLS_KEY: needs tls-cert too; give both or neither")
    }

    @Test(arguments: [("auto", nil), ("0", nil), ("1", 1), ("AUTO", nil), ("250000", 250_000)])
    func connectionLimitIsANumberOrLeftToTheSystem(text: String, limit: Int?) throws {
        #expect(try load(flags: ["max-connections": [text]]).maxConnections == limit)
    }

    @Test func badConnectionLimit() {
        #expect(
            message(flags: ["max-connections": ["-1"]]) == """
                --max-connections: "-1" is not a number of connections; write 1 to 10000000, or auto
                """)
    }

    @Test func headerNamesAreKeptOnceInLowerCase() throws {
        let settings = try load(
            flags: ["ignore-header": ["X-Trace", "x-trace", "x-b"]],
            environment: ["REPRISE_KEY_HEADER": "User-Agent, via"])
        #expect(settings.ignoredHeaders == ["x-trace", "x-b"])
        #expect(settings.keyHeaders == ["user-agent", "via"])
    }

    @Test(arguments: [
        ("Authorization: Bearer hunter2", "Authorization"), ("a b", "a b"), ("", ""), ("é", "é"),
    ])
    func badHeaderName(text: String, shown: String) {
        #expect(
            message(flags: ["key-header": [text]]) == """
                --key-header: "\(shown)" is not the name of a header; write one such as x-tenant-id
                """)
    }

    @Test(arguments: ["Authorization", "x-api-key", "cf-access-token"])
    func credentialCannotBeIgnored(name: String) {
        #expect(
            message(flags: ["ignore-header": [name]]) == """
                --ignore-header: "\(name.lowercased())" holds a credential; \
                --share-across-credentials is how clients share answers
                """)
    }

    @Test func headerIsIgnoredOrKeyedButNotBoth() {
        #expect(
            message(flags: ["ignore-header": ["x-a"], "key-header": ["X-A"]]) == """
                --key-header: "x-a" is left out of the key by --ignore-header; give one of the two
                """)
    }
}
