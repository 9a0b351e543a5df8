import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// `reprise serve` as a child process, with its first line read.
struct ServedProxy: ProxyClient {
    let process: RunningProcess
    /// The line that names the address.
    let announcement: String
    /// Its scheme, host and port, such as `http://127.0.0.1:49152`.
    let origin: String
    /// The port it listens on.
    let port: Int

    /// Why a proxy did not come up.
    struct NotListening: Error, CustomStringConvertible {
        let description: String
    }

    /// Starts a proxy on a free port, runs `body` with it, and ends it at once if `body` has not.
    ///
    /// - Parameters:
    ///   - upstream: The origin of the default upstream, whose base ends in `/v1`.
    ///   - store: The value of `--store`; nil leaves the flag out.
    ///   - more: Further arguments.
    static func with<R>(
        upstream: String, store: String? = "memory:", _ more: [String] = [],
        environment: [String: String] = [:], _ body: (ServedProxy) async throws -> R
    ) async throws -> R {
        try await ScratchDirectory.with { home in
            var arguments = ["serve", "--listen", "127.0.0.1:0"]
            // What the store holds must be found, however busy the machine is.
            arguments += ["--store-timeout", "30s"]
            arguments += ["--default-upstream", "\(upstream)/v1"]
            if let store { arguments += ["--store", store] }
            let own = BuiltBinary.environment(home: home)
            let process = try RunningProcess(
                BuiltBinary.url(), arguments + more,
                environment: own.merging(environment) { $1 })
            do {
                let result = try await body(ServedProxy(process))
                await process.kill9()
                return result
            } catch {
                await process.kill9()
                throw error
            }
        }
    }

    /// Waits for the first line of a proxy that is starting.
    init(_ process: RunningProcess) async throws {
        guard let line = await process.output.line(containing: "Reprise listens on ") else {
            throw NotListening(description: await process.errors.wholeText())
        }
        let origin = line.dropFirst("Reprise listens on ".count).prefix { $0 != "," }
        guard let port = origin.split(separator: ":").last.flatMap({ Int($0) }) else {
            throw NotListening(description: line)
        }
        self.process = process
        self.announcement = line
        self.origin = String(origin)
        self.port = port
    }

    /// Ends it with SIGTERM.
    ///
    /// - Returns: The exit code.
    func stop() async -> Int32 {
        process.signal(SIGTERM)
        return await process.waitForExit()
    }
}
