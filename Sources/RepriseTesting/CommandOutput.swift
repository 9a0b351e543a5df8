import Dispatch
import Foundation

/// What a program that ran to its end wrote.
public struct CommandOutput: Sendable {
    /// Its exit status.
    public var status: Int32
    /// All it wrote to standard output and standard error.
    public var text: String

    /// Runs a program that is on the path.
    ///
    /// - Parameters:
    ///   - words: The program and its arguments.
    ///   - environment: What is added to this process's environment.
    /// - Throws: ``MissingProgram`` when there is no such program.
    public static func run(
        _ words: [String], environment: [String: String] = [:]
    ) async throws -> CommandOutput {
        guard let name = words.first else { return CommandOutput(status: 0, text: "") }
        let process = Process()
        process.executableURL = try MissingProgram.url(of: name)
        process.arguments = Array(words.dropFirst())
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        let ended = AsyncStream<Int32>.makeStream()
        process.terminationHandler = { process in
            ended.continuation.yield(process.terminationStatus)
            ended.continuation.finish()
        }
        try process.run()
        let handle = output.fileHandleForReading
        let text = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                let data = (try? handle.readToEnd()) ?? Data()
                continuation.resume(returning: String(decoding: data, as: UTF8.self))
            }
        }
        var status: Int32 = -1
        for await value in ended.stream { status = value }
        return CommandOutput(status: status, text: text)
    }
}

/// A program that a test needs is not installed.
public struct MissingProgram: Error, CustomStringConvertible {
    /// A sentence that says what to install.
    public let description: String

    /// Where a program on the path is.
    static func url(of name: String) throws -> URL {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        for directory in path.split(separator: ":") + ["/usr/bin", "/usr/local/bin"] {
            let file = "\(directory)/\(name)"
            if FileManager.default.isExecutableFile(atPath: file) { return URL(filePath: file) }
        }
        let package = name.hasPrefix("redis") ? "redis-server" : name
        throw MissingProgram(
            description: "\(name) is not on the PATH; install it with: apt-get install \(package)")
    }
}
