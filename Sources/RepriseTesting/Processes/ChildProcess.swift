import Dispatch
import Foundation
import Synchronization

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A program that a test has started, and what it reads and writes.
///
/// Foundation's `Process` lets every child inherit the pipes of all others, so that none of them
/// sees the end of its input. Here nothing is open in a child but its own.
public final class ChildProcess: Sendable {
    /// What the child reads; closed by ``closeInput()``.
    private let input: Mutex<Int32?>
    /// What the child writes to standard output and standard error.
    private let output: FileHandle
    private let id: pid_t

    /// A program could not be started.
    public struct CannotStart: Error {
        /// The system's number of the reason.
        public var errno: Int32
    }

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - words: The program, which is looked for on the path, and its arguments.
    ///   - environment: What is added to this process's environment.
    /// - Throws: ``MissingProgram`` when there is no such program, or ``CannotStart``.
    public init(_ words: [String], environment: [String: String] = [:]) throws {
        guard let name = words.first else { throw CannotStart(errno: EINVAL) }
        let path = try MissingProgram.path(of: name)
        let (childInput, input) = try Self.channel()
        let (output, childOutput) = try Self.channel()
        defer {
            close(childInput)
            close(childOutput)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, childInput, 0)
        posix_spawn_file_actions_adddup2(&actions, childOutput, 1)
        posix_spawn_file_actions_adddup2(&actions, childOutput, 2)
        for descriptor in InheritedDescriptors.range {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // This thread may be one that takes no signals, which a child would inherit.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        var arguments = words.map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var id: pid_t = 0
        let status = posix_spawn(&id, path, &actions, &attributes, &arguments, &variables)
        self.input = Mutex(input)
        self.output = FileHandle(fileDescriptor: output, closeOnDealloc: true)
        self.id = id
        guard status == 0 else {
            closeInput()
            throw CannotStart(errno: status)
        }
    }

    deinit { closeInput() }

    /// Lets the child see the end of its input.
    public func closeInput() {
        let input = input.withLock { input in
            defer { input = nil }
            return input
        }
        if let input { close(input) }
    }

    /// Reads the next line that the child writes, without the line break, blocking until then.
    public func readLine() throws -> String {
        var line: [UInt8] = []
        while let byte = try output.read(upToCount: 1)?.first, byte != 10 { line.append(byte) }
        return String(decoding: line, as: UTF8.self)
    }

    /// Reads what is left of the output and waits until the child has ended.
    public func end() async -> CommandOutput {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { [self] in
                // What cannot be read is missed by whoever looks for it.
                let data = (try? output.readToEnd()) ?? Data()
                continuation.resume(
                    returning: CommandOutput(
                        status: waitForEnd(), text: String(decoding: data, as: UTF8.self)))
            }
        }
    }

    /// Waits, blocking, until the child has ended.
    ///
    /// - Returns: Its exit status, or -1 when a signal has ended it.
    @discardableResult
    public func waitForEnd() -> Int32 {
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
        return status & 0x7F == 0 ? status >> 8 & 0xFF : -1
    }

    /// The two ends of a channel that no child inherits by chance, not even one that is started by
    /// other code at this moment.
    private static func channel() throws -> (Int32, Int32) {
        var ends: [Int32] = [0, 0]
        #if canImport(Glibc)
            let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        #elseif canImport(Musl)
            let type = SOCK_STREAM | SOCK_CLOEXEC
        #else
            let type = SOCK_STREAM
        #endif
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw CannotStart(errno: errno) }
        #if canImport(Darwin)
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        #endif
        return (ends[0], ends[1])
    }
}
