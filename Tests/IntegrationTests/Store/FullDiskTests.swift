import Foundation
import RepriseSimulator
import Synchronization
import Testing

#if os(Linux)
    /// A disk that takes no more costs caching, not requests.
    @Suite(.serialized, .timeLimit(.minutes(5)))
    struct FullDiskTests {
        private static let long = String(repeating: "long answer ", count: 8_000)

        @Test(.enabled(if: SmallDisk.canBeMounted))
        func fullDiskCostsCachingOnly() async throws {
            let script = Script.always(.json(Chat.answer(Self.long)))
            try await SimulatedUpstream.run(script) { upstream in
                try await SmallDisk.with(size: "2m") { directory in
                    try await ServedProxy.with(
                        upstream: upstream.origin, store: "sqlite:\(directory)/cache.db",
                        ["--memory", "0"]
                    ) { proxy in
                        // How many fit into one write depends on how fast they come, and it takes
                        // several writes that fail before the store is left alone.
                        let warning = Warning()
                        try await withThrowingTaskGroup(of: Void.self) { group in
                            group.addTask {
                                let line = await proxy.process.errors.line(containing: " warning ")
                                #expect(line != nil)
                                warning.hasCome.store(true, ordering: .relaxed)
                            }
                            var number = 0
                            while !warning.hasCome.load(ordering: .relaxed) {
                                let answer = try await proxy.ask("question \(number)")
                                #expect(answer.status == 200)
                                #expect(answer.text == Chat.answer(Self.long))
                                number += 1
                            }
                            try await group.waitForAll()
                        }
                        #expect(await proxy.stop() == 0)
                    }
                    let log = FileManager.default.contents(atPath: "\(directory)/cache.db")
                    #expect((log?.count ?? 0) < 2 << 20)
                }
            }
        }

        @Test(.enabled(if: SmallDisk.canBeMounted))
        func diskThatIsFullAtTheStartCostsCachingOnly() async throws {
            try await SimulatedUpstream.run(.builtIn()) { upstream in
                try await SmallDisk.with(size: "1m") { directory in
                    let filler = "\(directory)/filler"
                    try SmallDisk.fill(filler)
                    try await ServedProxy.with(
                        upstream: upstream.origin, store: "sqlite:\(directory)/cache.db"
                    ) { proxy async throws in
                        #expect(try await proxy.ask("hello").isStoredMiss)
                        #expect(try await proxy.ask("hello").isHit)
                        #expect(await proxy.stop() == 0)
                    }
                }
            }
        }
    }

    /// Whether a line that was waited for has come.
    private final class Warning: Sendable {
        let hasCome = Atomic(false)
    }

    /// A file system in memory that is soon full. Only root may mount one.
    enum SmallDisk {
        /// Whether this process may mount.
        static let canBeMounted: Bool = {
            guard geteuid() == 0 else { return false }
            let directory = FileManager.default.temporaryDirectory
                .appending(path: "reprise-\(UUID().uuidString)").path
            guard mkdir(directory, 0o700) == 0 else { return false }
            defer { rmdir(directory) }
            guard mount("reprise-test", directory, "tmpfs", 0, "size=64k") == 0 else {
                return false
            }
            umount(directory)
            return true
        }()

        /// Writes to a file as much as goes in, down to the last page.
        static func fill(_ path: String) throws {
            let file = open(path, O_WRONLY | O_CREAT, 0o600)
            try #require(file >= 0)
            let page = [UInt8](repeating: 0, count: 4096)
            while write(file, page, page.count) > 0 {}
            close(file)
        }

        /// Mounts one of a size such as `2m`, and unmounts it however `body` ends.
        static func with(size: String, _ body: (String) async throws -> Void) async throws {
            try await ScratchDirectory.with { directory in
                try #require(mount("reprise-test", directory.path, "tmpfs", 0, "size=\(size)") == 0)
                do {
                    try await body(directory.path)
                    umount(directory.path)
                } catch {
                    umount(directory.path)
                    throw error
                }
            }
        }
    }
#endif
