import Testing

@testable import reprise

/// Where responses are kept.
struct StoreSettingTests {
    private func parse(_ text: String, _ environment: [String: String] = ["HOME": "/home/ada/"])
        throws -> StoreLocation
    {
        try StoreNotation.parse(
            text, in: Surroundings(environment: environment, directory: "/srv/work/"))
    }

    @Test func memoryTakesNothingElse() throws {
        #expect(try parse("memory:") == .memory)
        #expect(
            message(flags: ["store": ["memory:hunter2"]])
                == "--store: \"memory:\" takes nothing behind the colon; write memory:")
    }

    @Test(arguments: [
        ("sqlite:/var/cache/r.db", "/var/cache/r.db"),
        ("sqlite:///var/cache/r.db", "/var/cache/r.db"),
        ("SQLite:r.db", "/srv/work/r.db"),
        ("sqlite:./a/r.db", "/srv/work/./a/r.db"),
        ("sqlite:~/r.db", "/home/ada/r.db"),
        ("sqlite:a:b.db", "/srv/work/a:b.db"),
        ("sqlite:~other/r.db", "/srv/work/~other/r.db"),
        ("sqlite:a b.db", "/srv/work/a b.db"),
    ])
    func sqliteNamesAFile(text: String, path: String) throws {
        #expect(try parse(text) == .sqlite(path: path))
    }

    @Test func sqliteWithoutAPathIsTheDefaultFile() throws {
        #expect(try parse("sqlite:", home) == standard.store)
    }

    #if !os(macOS)
        @Test(arguments: [
            (["HOME": "/home/ada"], "/home/ada/.cache/reprise/reprise.db"),
            (["HOME": "/home/ada", "XDG_CACHE_HOME": "/big/"], "/big/reprise/reprise.db"),
            (["XDG_CACHE_HOME": "/big"], "/big/reprise/reprise.db"),
            (["HOME": "/", "XDG_CACHE_HOME": "relative"], "/.cache/reprise/reprise.db"),
            (["HOME": "/h", "XDG_CACHE_HOME": ""], "/h/.cache/reprise/reprise.db"),
        ])
        func defaultFileIsInTheCacheDirectory(environment: [String: String], path: String) throws {
            let loaded = try SettingsLoader.load(
                flags: [:], in: Surroundings(environment: environment))
            #expect(loaded.settings.store == .sqlite(path: path))
        }
    #endif

    @Test func homelessUserIsToldWhatToWrite() throws {
        let error = #expect(throws: SettingsError.self) {
            try SettingsLoader.load(flags: [:], in: Surroundings())
        }
        #expect(error?.message.contains("--store sqlite:/absolute/path") == true)
        let loaded = try SettingsLoader.load(
            flags: ["store": ["memory:"]], in: Surroundings())
        #expect(loaded.settings.store == .memory)
    }

    private static let remote = [
        "UPSTASH_REDIS_REST_URL": "https://db.upstash.io",
        "UPSTASH_REDIS_REST_TOKEN": "hunter2", "CLOUDFLARE_API_TOKEN": "hunter2",
    ]
    private static let namespace = String(repeating: "a", count: 32)

    @Test(arguments: [
        ("redis://u:hunter2@h/0", "redis://h:6379"), ("REDISS://h/2", "rediss://h:6379/2"),
        ("redis-cluster://:hunter2@h1,h2:7", "redis-cluster://h1:6379,h2:7"),
        ("upstash:", "upstash: https://db.upstash.io"),
        ("workers-kv:\(namespace)/\(namespace)", "workers-kv:\(namespace)/\(namespace)"),
    ])
    func storesOfOthersAreNamedWithoutTheirSecrets(text: String, name: String) throws {
        let store = try parse(text, Self.remote)
        #expect(store.name == name)
        var dumped = "\(store)" + String(reflecting: store)
        dump(store, to: &dumped)
        #expect(!dumped.contains("hunter2"))
    }

    @Test(arguments: [
        (
            "redis://h:0",
            "the redis: URL has a port that is not a number from 1 to 65535; write "
                + "redis://[USER:PASSWORD@]HOST[:PORT][/DB]"
        ),
        (
            "upstash:",
            "UPSTASH_REDIS_REST_URL is not set; copy it from the REST API section of the database "
                + "in the Upstash console"
        ),
    ])
    func messageSaysWhatIsMissing(text: String, message expected: String) {
        #expect(message(flags: ["store": [text]]) == "--store: \(expected)")
    }

    @Test func storesKnowHowLongTheyMayTakeAndWhoElseWrites() throws {
        #expect(try parse("memory:").standardTimeout == .milliseconds(50))
        #expect(try parse("sqlite:a").standardTimeout == .milliseconds(50))
        #expect(try parse("redis://h").standardTimeout == .milliseconds(100))
        #expect(try parse("upstash:", Self.remote).standardTimeout == .seconds(1))
        #expect(try !parse("sqlite:a").isShared)
        #expect(try parse("redis://h").isShared)
        #expect(try parse("rediss://u:hunter2@h").name == "rediss://h:6379")
        #expect(try parse("sqlite:/a").name == "sqlite:/a")
    }

    @Test func serversCannotShareCallsThroughMemory() {
        #expect(
            message(flags: ["store": ["memory:"], "collapse-across-servers": ["true"]]) == """
                --store: "memory:" cannot tell servers of each other's calls; \
                --collapse-across-servers needs redis:// or upstash:
                """)
    }

    @Test(arguments: [
        "", "memory", "postgres://u:hunter2@host/db", "/var/cache/r.db", "sqlite", "sqlite:~",
        "sqlite:/var/cache/", "sqlite://host/r.db", "sqlite:a\u{0}b", ":",
        "redis-sentinel://u:hunter2@host", "user:hunter2@host", "hunter2@host",
    ])
    func anythingElseIsRefused(text: String) throws {
        let shown = try #require(message(flags: ["store": [text]]))
        #expect(shown.contains("write "))
        #expect(!shown.contains("hunter2"))
        #expect(shown.hasPrefix("--store: \""))
    }
}
