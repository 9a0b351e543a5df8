import CSQLite
import Foundation
import RepriseSimulator
import Testing

/// The SQLite file as an operator meets it: where it is, who may read it, what damage does.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct StoreFileTests {
    @Test func fileIsInTheCacheDirectoryForItsOwnerOnly() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await ScratchDirectory.with { cache in
                try await ServedProxy.with(
                    upstream: upstream.origin, store: nil,
                    environment: ["XDG_CACHE_HOME": cache.path("xdg")]
                ) { proxy async throws in
                    let path = cache.path("xdg/reprise/reprise.db")
                    #expect(proxy.announcement.hasSuffix("store sqlite:\(path)"))
                    #expect(try await proxy.ask("where").isStoredMiss)
                    #expect(await proxy.stop() == 0)
                    #expect(try mode(path) == 0o600)
                    #expect(try mode(cache.path("xdg/reprise")) == 0o700)
                    #expect(try mode(cache.path("xdg")) == 0o700)
                }
            }
        }
    }

    @Test func withoutAnEnvironmentTheFileIsUnderHome() async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await ServedProxy.with(upstream: upstream.origin, store: nil) { proxy in
                #if os(macOS)
                    #expect(proxy.announcement.hasSuffix("/Library/Caches/reprise/reprise.db"))
                #else
                    #expect(proxy.announcement.hasSuffix("/.cache/reprise/reprise.db"))
                #endif
            }
        }
    }

    @Test(arguments: ["this is no database\n", String(repeating: "SQLite format 3\0", count: 600)])
    func fileThatIsNoDatabaseIsSetAsideWithOneWarning(contents: String) async throws {
        try await SimulatedUpstream.run(.builtIn()) { upstream in
            try await ScratchDirectory.with { directory in
                let path = directory.path("cache.db")
                try contents.write(toFile: path, atomically: false, encoding: .utf8)
                let store = "sqlite:\(path)"
                try await ServedProxy.with(upstream: upstream.origin, store: store) { proxy in
                    let first = try await proxy.ask("damaged")
                    #expect(first.isStoredMiss)
                    #expect(await proxy.stop() == 0)
                    let log = await proxy.process.errors.wholeText()
                    let warnings = log.split(separator: "\n").filter { $0.contains(" warning ") }
                    #expect(warnings.count == 1, "\(log)")
                    #expect(log.contains("set aside"))
                }
                let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
                let aside = try #require(names.first { $0.hasPrefix("cache.db.corrupt-") })
                let kept = try String(contentsOfFile: directory.path(aside), encoding: .utf8)
                #expect(kept == contents)
                try await ServedProxy.with(upstream: upstream.origin, store: store) {
                    proxy async throws in
                    #expect(try await proxy.ask("damaged").isHit)
                }
            }
        }
    }

    @Test func damagedEntryIsAMissAndIsDeleted() async throws {
        let good = "PINEAPPLE", bad = "PINEAPPLX"
        let upstream = Script.always(.json(Chat.answer(good)))
        try await SimulatedUpstream.run(upstream) { upstream in
            try await ScratchDirectory.with { directory in
                let path = directory.path("cache.db")
                let store = "sqlite:\(path)"
                func askOnce(_ headers: [(String, String)] = []) async throws -> Reply {
                    try await ServedProxy.with(upstream: upstream.origin, store: store) { proxy in
                        let answer = try await proxy.ask("fruit", headers: headers)
                        #expect(await proxy.stop() == 0)
                        return answer
                    }
                }
                let onlyStored = [("cache-control", "only-if-cached")]
                #expect(try await askOnce().isStoredMiss)
                #expect(try await askOnce(onlyStored).isHit)

                #expect(try replace(good, by: bad, in: path) > 0)
                #expect(try await askOnce(onlyStored).errorCode == "not_cached")
                // Healed, the row would be a hit again; but it is gone.
                _ = try replace(bad, by: good, in: path)
                #expect(try await askOnce(onlyStored).errorCode == "not_cached")

                #expect(try await askOnce().isStoredMiss)
                let again = try await askOnce(onlyStored)
                #expect(again.isHit)
                #expect(again.text == Chat.answer(good))
                #expect(upstream.requestCount == 2)
            }
        }
    }

    @Test func storeOfANewerVersionIsLeftAloneAndNamed() async throws {
        try await ScratchDirectory.with { directory in
            let path = directory.path("cache.db")
            try await ServedProxy.with(
                upstream: "http://127.0.0.1:1", store: "sqlite:\(path)"
            ) { proxy in
                #expect(await proxy.stop() == 0)
            }
            var database: OpaquePointer?
            #expect(sqlite3_open(path, &database) == SQLITE_OK)
            let insertion = "INSERT INTO grdb_migrations VALUES ('999')"
            #expect(sqlite3_exec(database, insertion, nil, nil, nil) == SQLITE_OK)
            #expect(sqlite3_close(database) == SQLITE_OK)
            let ended = try await BuiltBinary.run([
                "serve", "--listen", "127.0.0.1:0", "--store", "sqlite:\(path)",
            ])
            #expect(ended.exitCode == 69)
            #expect(ended.errorLines.count == 1, "\(ended.errors)")
            #expect(ended.errors.contains(path) && ended.errors.contains("newer version"))
            let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
            #expect(names.contains("cache.db") && !names.contains { $0.contains("corrupt") })
        }
    }

    /// The permission bits of a file.
    private func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? NSNumber).intValue
    }

    /// Replaces a text by another of the same length, wherever it stands in a database's file.
    ///
    /// - Returns: How often it stood there.
    private func replace(_ old: String, by new: String, in path: String) throws -> Int {
        // What stands in the log beside the file would be read instead.
        var database: OpaquePointer?
        #expect(sqlite3_open(path, &database) == SQLITE_OK)
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)"
        #expect(sqlite3_exec(database, checkpoint, nil, nil, nil) == SQLITE_OK)
        #expect(sqlite3_close(database) == SQLITE_OK)
        var data = try Data(contentsOf: URL(filePath: path))
        var count = 0
        while let range = data.range(of: Data(old.utf8)) {
            data.replaceSubrange(range, with: Data(new.utf8))
            count += 1
        }
        try data.write(to: URL(filePath: path))
        return count
    }
}
