import Foundation

/// Programs beside the proxy that tests use.
enum Tool {
    /// What a program that failed wrote.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs a program that is on the `PATH` to its end.
    ///
    /// - Returns: Its standard output.
    /// - Throws: ``Failure`` when it does not exit with 0.
    @discardableResult
    static func run(_ name: String, _ arguments: String...) async throws -> String {
        let process = try RunningProcess(
            URL(filePath: "/usr/bin/env"), [name] + arguments,
            environment: ProcessInfo.processInfo.environment)
        guard await process.waitForExit() == 0 else {
            throw Failure(description: "\(name): \(await process.errors.wholeText())")
        }
        return await process.output.wholeText()
    }
}
