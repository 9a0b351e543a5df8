import RepriseStorage
import Testing

struct StoreURLTests {
    private static let environment = ["HOME": "/home/ada/"]

    private func parse(_ text: String) throws -> StoreURL {
        try StoreURL(parsing: text, environment: Self.environment, directory: "/srv/work/")
    }

    @Test func memoryTakesNothingElse() throws {
        #expect(try parse("memory:") == .memory)
        #expect(throws: StoreURL.Invalid.self) { try parse("memory:x") }
    }

    @Test(arguments: [
        ("sqlite:/var/cache/r.db", "/var/cache/r.db"),
        ("sqlite:///var/cache/r.db", "/var/cache/r.db"),
        ("SQLite:r.db", "/srv/work/r.db"),
        ("sqlite:./a/r.db", "/srv/work/./a/r.db"),
        ("sqlite:~/r.db", "/home/ada/r.db"),
        ("sqlite:a:b.db", "/srv/work/a:b.db"),
        ("sqlite:~other/r.db", "/srv/work/~other/r.db"),
    ])
    func sqliteNamesAFile(text: String, path: String) throws {
        #expect(try parse(text) == .sqlite(path: path))
    }

    @Test func sqliteWithoutAPathIsTheDefaultFile() throws {
        #expect(try parse("sqlite:") == StoreURL.standard(environment: Self.environment))
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
            #expect(try StoreURL.standard(environment: environment) == .sqlite(path: path))
        }
    #endif

    @Test func homelessUserIsToldWhatToWrite() {
        let error = #expect(throws: StoreURL.Invalid.self) {
            try StoreURL.standard(environment: [:])
        }
        #expect(error?.description.contains("--store sqlite:/absolute/path") == true)
    }

    @Test func redisNamesAServer() throws {
        #expect(try parse("redis://host") == .redis(RedisAddress(host: "host")))
        #expect(try parse("REDISS://host") == .redis(RedisAddress(parsing: "rediss://host")))
    }

    @Test(arguments: [
        "", "memory", "postgres://u:secret@host/db", "/var/cache/r.db", "sqlite", "sqlite:~",
        "sqlite:/var/cache/", "sqlite://host/r.db", "sqlite:a\u{0}b", ":",
        "redis://u:secret@", "redis-sentinel://u:secret@host",
    ])
    func anythingElseIsRefused(text: String) {
        let error = #expect(throws: StoreURL.Invalid.self) { try parse(text) }
        #expect(error?.description.contains("write ") == true)
        #expect(error?.description.contains("secret") == false)
    }
}
