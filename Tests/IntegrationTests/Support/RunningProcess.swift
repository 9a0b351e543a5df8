import Foundation
import RepriseSimulator
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// A child process whose output is read as it comes.
///
/// Made with `posix_spawn`, for `Process` of Foundation misses the end of a child now and then on
/// Linux when several are started at once, and hands its pipes on to the others.
final class RunningProcess: Sendable {
    /// Why a program was not started.
    struct NotStarted: Error {
        let program: String
        let code: Int32
    }

    /// What it writes to standard output.
    let output: ProcessOutput
    /// What it writes to standard error.
    let errors: ProcessOutput

    private let identifier: pid_t
    private let outcome: Outcome

    /// How it ended, once it has.
    private final class Outcome: Sendable {
        let hasEnded = Gate("the process has ended")
        let code = Mutex<Int32?>(nil)
    }

    /// Starts it.
    ///
    /// - Parameters:
    ///   - environment: The whole environment; nothing is inherited.
    ///   - blocked: The signals that it begins with as blocked.
    init(
        _ program: URL, _ arguments: [String], environment: [String: String],
        blocked: [Int32] = []
    ) throws {
        let (output, errors) = (try ProcessOutput(), try ProcessOutput())
        identifier = try Self.spawn(
            [program.path] + arguments, environment.map { "\($0)=\($1)" },
            output: output.writingEnd, errors: errors.writingEnd, blocked: blocked)
        output.startReading()
        errors.startReading()
        self.output = output
        self.errors = errors
        let outcome = Outcome()
        self.outcome = outcome
        Thread.detachNewThread { [identifier] in
            var status: Int32 = 0
            while waitpid(identifier, &status, 0) == -1, errno == EINTR {}
            let signal = status & 0x7f
            // As a shell says it: what a signal ended has 128 and its number.
            outcome.code.withLock { $0 = signal == 0 ? (status >> 8) & 0xff : 128 + signal }
            outcome.hasEnded.open()
        }
    }

    /// Sends a signal; nothing happens when the process has ended.
    func signal(_ number: Int32) {
        if outcome.code.withLock({ $0 }) == nil { kill(identifier, number) }
    }

    /// Waits for the end.
    ///
    /// - Returns: The exit code; 128 and the signal's number when a signal ended it.
    @discardableResult
    func waitForExit() async -> Int32 {
        await outcome.hasEnded.waitUntilOpen()
        return outcome.code.withLock { $0 } ?? -1
    }

    /// Ends it at once, if it has not ended, and waits for that.
    func kill9() async {
        signal(SIGKILL)
        await waitForExit()
    }

    private static func spawn(
        _ arguments: [String], _ environment: [String], output: Int32, errors: Int32,
        blocked: [Int32]
    ) throws -> pid_t {
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
        #else
            var actions = posix_spawn_file_actions_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, errors, 2)
        for descriptor in InheritedDescriptors.range {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        // Threads of a pool have signals blocked, which a child would inherit.
        #if canImport(Darwin)
            var attributes: posix_spawnattr_t?
        #else
            var attributes = posix_spawnattr_t()
        #endif
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var mask = sigset_t()
        sigemptyset(&mask)
        for signal in blocked { sigaddset(&mask, signal) }
        posix_spawnattr_setsigmask(&attributes, &mask)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let texts = arguments.map { strdup($0) }, variables = environment.map { strdup($0) }
        defer { for text in texts + variables { free(text) } }
        var identifier: pid_t = 0
        let code = posix_spawn(
            &identifier, arguments[0], &actions, &attributes, texts + [nil], variables + [nil])
        guard code == 0 else { throw NotStarted(program: arguments[0], code: code) }
        return identifier
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

    /// The descriptor that the process writes to; closed once reading has begun.
    let writingEnd: Int32
    private let readingEnd: Int32
    private let state = Mutex(State())
    private let end = Gate("the stream has ended")

    /// Makes a pipe that no child inherits but the one it is given to.
    init() throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw RunningProcess.NotStarted(program: "", code: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (readingEnd, writingEnd) = (ends[0], ends[1])
    }

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
    func startReading() {
        // The child has its own copy; as long as this one is open the stream does not end.
        close(writingEnd)
        Thread.detachNewThread { [self] in
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = read(readingEnd, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                state.withLock { $0.bytes += buffer[..<count] }
                check()
            }
            close(readingEnd)
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
