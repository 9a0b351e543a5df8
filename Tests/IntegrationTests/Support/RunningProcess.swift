import Foundation
import RepriseSimulator
import Synchronization

/// A child process whose output is read as it comes.
final class RunningProcess: Sendable {
    /// What it writes to standard output.
    let output = ProcessOutput()
    /// What it writes to standard error.
    let errors = ProcessOutput()

    private let process: Process
    private let hasEnded = Gate("the process has ended")
    private let outcome = Mutex<Int32?>(nil)

    /// Starts it.
    ///
    /// - Parameter environment: The whole environment; nothing is inherited.
    init(
        _ program: URL, _ arguments: [String], environment: [String: String],
        directory: String? = nil
    ) throws {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.environment = environment
        if let directory { process.currentDirectoryURL = URL(filePath: directory) }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output.pipe
        process.standardError = errors.pipe
        self.process = process
        process.terminationHandler = { [weak self] process in
            // As a shell says it: what a signal ended has 128 and its number.
            let code = process.terminationStatus
            self?.ended(process.terminationReason == .uncaughtSignal ? 128 + code : code)
        }
        try process.run()
        output.startReading()
        errors.startReading()
    }

    /// Sends a signal.
    func signal(_ number: Int32) {
        kill(process.processIdentifier, number)
    }

    /// Waits for the end.
    ///
    /// - Returns: The exit code; 128 and the signal's number when a signal ended it.
    @discardableResult
    func waitForExit() async -> Int32 {
        await hasEnded.waitUntilOpen()
        return outcome.withLock { $0 } ?? -1
    }

    /// Ends it at once, if it has not ended, and waits for that.
    func kill9() async {
        if outcome.withLock({ $0 }) == nil { signal(SIGKILL) }
        await waitForExit()
    }

    private func ended(_ code: Int32) {
        outcome.withLock { $0 = code }
        hasEnded.open()
    }
}

/// What a process writes to one of its streams.
final class ProcessOutput: Sendable {
    private struct Waiter {
        let isMet: @Sendable (String) -> Bool
        let gate: Gate
    }

    private struct State {
        var bytes: [UInt8] = []
        var waiters: [Waiter] = []
    }

    /// What the process writes to.
    let pipe = Pipe()
    private let state = Mutex(State())
    private let end = Gate("the stream has ended")

    /// What was written so far.
    var text: String { state.withLock { String(decoding: $0.bytes, as: UTF8.self) } }

    /// Everything, once the stream has ended.
    func wholeText() async -> String {
        await end.waitUntilOpen()
        return text
    }

    /// The first line that holds `part`, as soon as it is whole; nil when the stream ends without.
    func line(containing part: String) async -> String? {
        @Sendable func found(_ text: String) -> String? {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            return lines.first { $0.contains(part) }.map(String.init)
        }
        let gate = Gate()
        state.withLock { state in
            state.waiters.append(Waiter(isMet: { found($0) != nil }, gate: gate))
        }
        check()
        await gate.waitUntilOpen()
        return found(text)
    }

    /// Begins to read what comes, on a thread of its own until the stream ends.
    ///
    /// A thread that blocks, for `readabilityHandler` now and then misses the end on Linux.
    func startReading() {
        // The child has its own copy; as long as this one is open the stream does not end.
        try? pipe.fileHandleForWriting.close()
        Thread.detachNewThread { [self] in
            while let data = try? pipe.fileHandleForReading.read(upToCount: 1 << 16),
                !data.isEmpty
            {
                state.withLock { $0.bytes += data }
                check()
            }
            end.open()
            check()
        }
    }

    private func check() {
        let met = state.withLock { state in
            let text = String(decoding: state.bytes, as: UTF8.self)
            let met = state.waiters.filter { end.isOpen || $0.isMet(text) }
            state.waiters.removeAll { end.isOpen || $0.isMet(text) }
            return met
        }
        for waiter in met { waiter.gate.open() }
    }
}
