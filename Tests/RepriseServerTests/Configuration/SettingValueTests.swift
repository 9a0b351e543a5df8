import Logging
import Testing

@testable import RepriseServer

/// What each setting makes of good and of bad values.
struct SettingValueTests {
    @Test func nothingGivenIsTheDefaults() async throws {
        #expect(try await load() == ServerSettings())
    }

    @Test(arguments: Setting.allCases)
    func statedDefaultIsTheDefault(of setting: Setting) async throws {
        guard let text = setting.defaultText else { return }
        #expect(try await load(flags: [setting: [text]]) == ServerSettings())
    }

    @Test(arguments: [
        ("127.0.0.1:8787", "127.0.0.1", 8787), ("0.0.0.0:0", "0.0.0.0", 0),
        ("[::1]:65535", "::1", 65535), ("localhost:1", "localhost", 1),
        ("Proxy.Example:80", "proxy.example", 80), ("my_service:80", "my_service", 80),
    ])
    func goodListenAddress(text: String, host: String, port: Int) async throws {
        let settings = try await load(flags: [.listen: [text]])
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
        "user@host:80", "http://localhost:80", "*:80", "é:80",
    ])
    func badListenAddress(text: String) async {
        #expect(
            await message(flags: [.listen: [text]]) == """
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
    func goodSize(text: String, bytes: Int) async throws {
        #expect(try await load(flags: [.memory: [text]]).memory == bytes)
    }

    @Test(arguments: [
        "", "12 elephants", "MB", "-1MB", "+1MB", "1e6", "1,5GB", "1.GB", ".5GB", "1  MB", "1 ",
        "1MBB", "0x10", " 1", "١MB", "1PB",
    ])
    func badSize(text: String) async {
        #expect(
            await message(flags: [.memory: [text]])
                == "--memory: \"\(text)\" is not a size; write 256MB")
    }

    @Test(arguments: ["1.5", "0.3333KiB", "9223372036854775808", "10000000000GB", "0.1B"])
    func sizeThatIsNotWholeBytesOrTooManyIsRefused(text: String) async {
        #expect(
            await message(flags: [.memory: [text]])
                == "--memory: \"\(text)\" is not a whole number of bytes below 8 EiB; write 256MB")
    }

    @Test(arguments: [
        (Setting.maxEntry, "0", "is too small; write at least 1B"),
        (.maxEntry, "513MB", "is too large; write at most 512MB"),
        (.maxBody, "0", "is too small; write at least 1B"),
        (.maxBody, "2GiB", "is too large; write at most 2GB"),
        (.maxStore, "0", "is too small; write at least 1B"),
    ])
    func sizeOutOfBoundsIsRefused(setting: Setting, text: String, flaw: String) async {
        #expect(await message(flags: [setting: [text]]) == "\(setting.flag): \"\(text)\" \(flaw)")
    }

    @Test func sizesGoWhereTheyBelong() async throws {
        let settings = try await load(flags: [
            .maxEntry: ["1KB"], .maxBody: ["2KB"], .maxStore: ["3KB"], .memory: ["4KB"],
        ])
        #expect(settings.maxEntry == 1_000)
        #expect(settings.maxBody == 2_000)
        #expect(settings.maxStore == 3_000)
        #expect(settings.memory == 4_000)
    }

    @Test(arguments: [
        ("1", 1), ("90s", 90), ("10m", 600), ("24h", 86_400), ("7d", 604_800), ("2000ms", 2),
        ("36500d", 3_153_600_000), ("none", nil),
    ])
    func goodLifetime(text: String, seconds: Int64?) async throws {
        let settings = try await load(flags: [.ttl: [text], .memoryTTL: [text]])
        #expect(settings.ttl == seconds)
        #expect(settings.memoryTTL == seconds.map { .seconds($0) } ?? .unlimited)
    }

    @Test func memoryInFrontOfASharedStoreAsksItAgainAfterAMinute() async throws {
        let standard = try await load(flags: [:]).memoryTTL
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
    func badLifetime(text: String, flaw: String) async {
        #expect(await message(flags: [.ttl: [text]]) == "--ttl: \"\(text)\" \(flaw)")
    }

    @Test func timeLimitsGoWhereTheyBelong() async throws {
        let settings = try await load(flags: [
            .upstreamConnectTimeout: ["1s"], .upstreamIdleTimeout: ["2s"], .headerTimeout: ["3s"],
            .clientIdleTimeout: ["4s"], .drainDelay: ["500ms"], .shutdownTimeout: ["0"],
        ])
        #expect(settings.upstreamConnectTimeout == .seconds(1))
        #expect(settings.upstreamIdleTimeout == .seconds(2))
        #expect(settings.headerTimeout == .seconds(3))
        #expect(settings.clientIdleTimeout == .seconds(4))
        #expect(settings.drainDelay == .milliseconds(500))
        #expect(settings.shutdownTimeout == .zero)
    }

    @Test(arguments: [
        Setting.upstreamConnectTimeout, .upstreamIdleTimeout, .headerTimeout, .clientIdleTimeout,
    ])
    func timeLimitOfZeroIsRefused(setting: Setting) async {
        #expect(
            await message(flags: [setting: ["0"]])
                == "\(setting.flag): \"0\" is too short; write at least 1ms")
    }

    @Test(arguments: ["1", "8", "1024"])
    func goodThreadCount(text: String) async throws {
        #expect(try await load(flags: [.threads: [text]]).threads == Int(text))
    }

    @Test(arguments: ["", "0", "1025", "-1", "+1", "two", "1.5"])
    func badThreadCount(text: String) async {
        #expect(
            await message(flags: [.threads: [text]])
                == "--threads: \"\(text)\" is not a number of threads; write 1 to 1024")
    }

    @Test(arguments: [
        ("true", true), ("YES", true), ("on", true), ("1", true), ("false", false), ("no", false),
        ("off", false), ("0", false),
    ])
    func truthValueIsReadInEveryUsualForm(text: String, truth: Bool) async throws {
        let settings = try await load(flags: [.shareAcrossCredentials: [text]])
        #expect(settings.sharesAcrossCredentials == truth)
    }

    @Test func badTruthValue() async {
        #expect(
            await message(flags: [.shareAcrossCredentials: ["maybe"]])
                == "--share-across-credentials: \"maybe\" is neither true nor false; write one of them"
        )
    }

    @Test func wordsAreReadWhateverTheirCase() async throws {
        let settings = try await load(flags: [
            .onDisconnect: ["Cancel"], .logLevel: ["DEBUG"], .logFormat: ["json"],
        ])
        #expect(settings.onDisconnect == .cancel)
        #expect(settings.logLevel == .debug)
        #expect(settings.logFormat == .json)
    }

    @Test(arguments: [
        (Setting.onDisconnect, "finish or cancel"), (.logFormat, "text or json"),
        (.logLevel, "trace, debug, info, notice, warning, error or critical"),
    ])
    func unknownWordIsAnsweredWithTheKnownOnes(setting: Setting, words: String) async {
        #expect(
            await message(flags: [setting: ["loud"]])
                == "\(setting.flag): \"loud\" is not known; write \(words)")
    }

    @Test func certificateAndKeyComeTogether() async throws {
        let settings = try await load(flags: [.tlsCertificate: ["c.pem"], .tlsKey: ["k.pem"]])
        #expect(settings.tls == TLSFiles(certificate: "c.pem", privateKey: "k.pem"))
        #expect(
            await message(flags: [.tlsCertificate: ["c.pem"]])
                == "--tls-cert: needs tls-key too; give both or neither")
        #expect(
            await message(environment: ["REPRISE_TLS_KEY": "k.pem"])
                == "REPRISE_TLS_KEY: needs tls-cert too; give both or neither")
    }

    @Test func storeIsKeptAsItIsWritten() async throws {
        #expect(try await load(flags: [.store: ["sqlite:a b.db"]]).store == "sqlite:a b.db")
        #expect(
            await message(flags: [.store: [""]])
                == "--store: \"\" is not a store; write memory: or sqlite:PATH")
    }
}
