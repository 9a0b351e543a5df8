import Foundation

/// The `reprise` command as it was built along with these tests.
enum BuiltBinary {
    /// What the command could not be started with, in one sentence.
    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    /// How a command that ran to its end came out.
    struct Ended: Sendable {
        var exitCode: Int32
        var output: String
        var errors: String

        /// The lines on standard error.
        var errorLines: [Substring] { errors.split(separator: "\n") }
    }

    /// The file: `REPRISE_BINARY`, or `reprise` in the folder that holds the test bundle.
    static func url() throws -> URL {
        if let path = ProcessInfo.processInfo.environment["REPRISE_BINARY"], !path.isEmpty {
            return URL(filePath: path)
        }
        // On Linux the bundle is the running program itself; on macOS a program of Xcode's loads
        // it, and the bundle is named among the arguments.
        let bundles = CommandLine.arguments.filter { $0.contains(".xctest") }
        for bundle in bundles {
            var folder = URL(filePath: bundle)
            while folder.path != "/" {
                folder.deleteLastPathComponent()
                let file = folder.appending(path: "reprise", directoryHint: .notDirectory)
                var isDirectory: ObjCBool = false
                if FileManager.default.fileExists(atPath: file.path, isDirectory: &isDirectory),
                    !isDirectory.boolValue
                {
                    return file
                }
            }
        }
        throw Missing(
            description: "no `reprise` near \(bundles); run `swift build`, or set REPRISE_BINARY")
    }

    /// An environment with nothing of the caller's but where programs and libraries are.
    static func environment(home: ScratchDirectory) -> [String: String] {
        let own = ProcessInfo.processInfo.environment
        var environment = ["HOME": home.path]
        for name in ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
            environment[name] = own[name]
        }
        return environment
    }

    /// Runs the command to its end.
    static func run(
        _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> Ended {
        try await ScratchDirectory.with { home in
            let running = try RunningProcess(
                url(), arguments,
                environment: self.environment(home: home).merging(environment) { $1 })
            let exitCode = await running.waitForExit()
            return Ended(
                exitCode: exitCode, output: await running.output.wholeText(),
                errors: await running.errors.wholeText())
        }
    }
}

/// A directory of its own that goes away with the test.
struct ScratchDirectory: Sendable {
    let path: String

    /// The path of something in it.
    func path(_ name: String) -> String { "\(path)/\(name)" }

    /// Makes a directory, and removes it however `body` ends.
    static func with<R>(_ body: (ScratchDirectory) async throws -> R) async throws -> R {
        let url = FileManager.default.temporaryDirectory
            .appending(path: "reprise-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        do {
            let result = try await body(ScratchDirectory(path: url.path))
            try FileManager.default.removeItem(at: url)
            return result
        } catch {
            // What the test failed of is worth more than a directory left behind.
            try? FileManager.default.removeItem(at: url)
            throw error
        }
    }
}
