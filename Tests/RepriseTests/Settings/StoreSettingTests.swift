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

    @Test(arguments: [
        ("redis://u:hunter2@h/0", "redis:"), ("REDISS://h", "rediss:"),
        ("redis-cluster://h1,h2", "redis-cluster:"), ("upstash:", "upstash:"),
        ("workers-kv:account/hunter2", "workers-kv:"),
    ])
    func storeToComeIsRefusedInOneLineWithoutItsSecret(text: String, name: String) {
        #expect(
            message(flags: ["store": [text]]) == """
                --store: this build does not have \(name.lowercased()) yet; write memory: or \
                sqlite:PATH
                """)
    }

    @Test func storesKnowHowLongTheyMayTakeAndWhoElseWrites() throws {
        #expect(try parse("memory:").standardTimeout == .milliseconds(50))
        #expect(try parse("sqlite:a").standardTimeout == .milliseconds(50))
        #expect(try parse("redis://h").standardTimeout == .milliseconds(100))
        #expect(try parse("upstash:").standardTimeout == .seconds(1))
        #expect(try !parse("sqlite:a").isShared)
        #expect(try parse("redis://h").isShared)
        #expect(try parse("rediss://u:hunter2@h").name == "rediss:")
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
