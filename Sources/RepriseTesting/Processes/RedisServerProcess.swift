import Foundation
import Synchronization

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A real redis-server on a free port, which ends with this object or, at the latest, with this
/// process.
public final class RedisServerProcess: Sendable {
    /// How a server is to be started.
    public struct Options: Sendable {
        /// Further arguments, such as `["--maxmemory", "2mb"]`.
        public var arguments: [String] = []
        /// The password of the default user; nil for none.
        public var password: String?
        /// The certificate (PEM) with which to listen on ``RedisServerProcess/tlsPort`` too.
        public var tls: TLSFiles?
        /// Whether it is to be a node of a cluster.
        public var isCluster = false

        /// Makes the options of a plain server.
        public init() {}
    }

    /// The paths of what a server needs for TLS.
    public struct TLSFiles: Sendable {
        /// The certificate of the authority that has issued the certificate.
        public var authority: String
        /// The server's certificate.
        public var certificate: String
        /// The certificate's private key.
        public var key: String

        /// Names the files.
        public init(authority: String, certificate: String, key: String) {
            self.authority = authority
            self.certificate = certificate
            self.key = key
        }
    }

    /// The server's address.
    public let host = "127.0.0.1"
    /// The port it listens on.
    public let port: Int
    /// The port it listens on for TLS; nil without ``Options/tls``.
    public let tlsPort: Int?

    /// The port of the bus of its cluster.
    let busPort: Int
    private let ports: RedisPorts
    private let options: Options
    private let directory: String
    private let words: [String]
    private let run: Mutex<Run?>

    /// One life of the server: the shell that watches over it, and the server's process id.
    private struct Run: Sendable {
        var shell: ChildProcess
        var server: pid_t
    }

    /// Starts a server and waits until it answers.
    ///
    /// - Throws: ``MissingProgram`` when redis-server is not installed.
    public static func start(_ options: Options = Options()) async throws -> RedisServerProcess {
        var attempt = 0
        while true {
            attempt += 1
            let server = try RedisServerProcess(options)
            do {
                try await server.restart()
                return server
            } catch is Failed where attempt < 5 {
                // Somebody else may have taken the port that was free a moment ago.
            }
        }
    }

    private init(_ options: Options) throws {
        self.options = options
        ports = try RedisPorts(3)
        let numbers = ports.numbers
        port = numbers[0]
        tlsPort = options.tls == nil ? nil : numbers[1]
        busPort = numbers[2]
        directory =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("reprise-redis-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        var words = [
            try MissingProgram.path(of: "redis-server"), "--port", "\(port)", "--bind",
            host, "--dir", directory, "--logfile", directory + "/log", "--save", "",
            "--appendonly", "no", "--daemonize", "no",
        ]
        if let password = options.password { words += ["--requirepass", password] }
        if let tls = options.tls {
            words += [
                "--tls-port", "\(numbers[1])", "--tls-ca-cert-file", tls.authority,
                "--tls-cert-file", tls.certificate, "--tls-key-file", tls.key,
                "--tls-auth-clients", "no",
            ]
        }
        if options.isCluster {
            words += [
                "--cluster-enabled", "yes", "--cluster-port", "\(busPort)",
                "--cluster-node-timeout", "15000", "--cluster-require-full-coverage", "no",
            ]
        }
        self.words = words + options.arguments
        run = Mutex(nil)
    }

    deinit {
        end()
        // What cannot be removed is left to the system.
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Sends a command by redis-cli.
    ///
    /// - Returns: What redis-cli writes, without the line break at the end.
    @discardableResult
    public func command(_ words: String...) async throws -> String {
        try await command(words)
    }

    private func command(_ words: [String]) async throws -> String {
        let environment = options.password.map { ["REDISCLI_AUTH": $0] } ?? [:]
        let output = try await CommandOutput.run(
            ["redis-cli", "-h", host, "-p", "\(port)"] + words, environment: environment)
        return output.text.hasSuffix("\n") ? String(output.text.dropLast()) : output.text
    }

    /// Makes all that is to expire expire so much earlier.
    public func passTime(_ duration: Duration) async throws {
        let milliseconds =
            duration.components.seconds * 1000
            + duration.components.attoseconds / 1_000_000_000_000_000
        let script = """
            for _,key in ipairs(redis.call('KEYS','*')) do
              local left=redis.call('PTTL',key)
              if left>=0 and left<=tonumber(ARGV[1]) then redis.call('DEL',key) end
              if left>tonumber(ARGV[1]) then redis.call('PEXPIRE',key,left-ARGV[1]) end
            end
            """
        try await command("EVAL", script, "0", "\(milliseconds)")
    }

    /// Stops the server from running, while its connections stay open (SIGSTOP).
    public func freeze() { signal(SIGSTOP) }

    /// Lets a frozen server go on (SIGCONT).
    public func resume() { signal(SIGCONT) }

    /// Ends the server at once (SIGKILL), with all that it holds, and waits until it is gone.
    public func kill() async throws {
        end()
        try await untilAnswer("PING") { $0.contains("Could not connect") }
    }

    /// Starts the server again on the same ports, empty, and waits until it answers. A server that
    /// runs is killed before.
    public func restart() async throws {
        if run.withLock({ $0 != nil }) { try await kill() }
        ports.handOver()
        // The shell ends the server when this process lets go of the shell's standard input, which
        // it does however it ends.
        let shell = try ChildProcess(
            ["sh", "-c", "\"$@\" & echo $!; read -r _; kill -KILL $!; wait", "sh"] + words)
        guard let server = pid_t(try shell.readLine()) else {
            throw Failed(description: "the shell told no process id")
        }
        let new = Run(shell: shell, server: server)
        run.withLock { $0 = new }
        // Another server that has taken the port a moment ago would answer too.
        try await untilAnswer("INFO", "server") { $0.contains("process_id:\(server)\r") }
    }

    /// A server that does not start or does not end.
    private struct Failed: Error, CustomStringConvertible {
        var description: String
    }

    /// Sends a command until the answer is as wanted, for about a minute.
    public func untilAnswer(_ words: String..., isDone: (String) -> Bool) async throws {
        var answer = ""
        for _ in 0..<2000 {
            answer = try await command(words)
            if isDone(answer) { return }
            if log.contains("Failed listening") { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw Failed(description: "\(words) still answers \(answer): \(log.suffix(500))")
    }

    private var log: String {
        // A server that did not come so far has none.
        (try? String(contentsOfFile: directory + "/log", encoding: .utf8)) ?? ""
    }

    private func signal(_ number: Int32) {
        run.withLock { run in
            if let run { send(number, to: run.server) }
        }
    }

    private func end() {
        let old = run.withLock { run in
            defer { run = nil }
            return run
        }
        guard let old else { return }
        send(SIGKILL, to: old.server)
        old.shell.closeInput()
        old.shell.waitForEnd()
    }
}

private func send(_ signal: Int32, to process: pid_t) {
    // It fails when the process has ended, which is as well.
    _ = kill(process, signal)
}
