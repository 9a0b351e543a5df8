import Foundation

/// The `openssl` command as the other side of a connection.
final class TLSPeerProcess {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()

    /// Starts `openssl` with arguments, in the directory of the certificates.
    init(_ arguments: [String]) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.currentDirectoryURL = URL(
            fileURLWithPath: TLSTestCertificates.made.directory)
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
    }

    deinit { stop() }

    func write(_ bytes: [UInt8]) throws {
        try input.fileHandleForWriting.write(contentsOf: Data(bytes))
    }

    func endInput() throws { try input.fileHandleForWriting.close() }

    /// Reads what it prints until that holds a text, or it ends.
    func read(until text: String) -> String {
        var all = Data()
        while all.range(of: Data(text.utf8)) == nil {
            let piece = output.fileHandleForReading.availableData
            if piece.isEmpty { break }
            all += piece
        }
        return String(decoding: all, as: UTF8.self)
    }

    /// All that it still prints.
    func readToEnd() -> String {
        String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    }

    /// Ends it and waits until it has.
    func stop() {
        // Not SIGTERM, which the child may have inherited as blocked.
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }
}
