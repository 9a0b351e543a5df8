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
        let child = try ChildProcess(words, environment: environment)
        child.closeInput()
        return await child.end()
    }
}

/// A program that a test needs is not installed.
public struct MissingProgram: Error, CustomStringConvertible {
    /// A sentence that says what to install.
    public let description: String

    /// Where a program on the path is.
    static func path(of name: String) throws -> String {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        for directory in path.split(separator: ":") + ["/usr/bin", "/usr/local/bin"] {
            let file = "\(directory)/\(name)"
            if FileManager.default.isExecutableFile(atPath: file) { return file }
        }
        let package = name.hasPrefix("redis") ? "redis-server" : name
        throw MissingProgram(
            description: "\(name) is not on the PATH; install it with: apt-get install \(package)")
    }
}
