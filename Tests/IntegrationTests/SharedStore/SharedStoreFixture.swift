import Foundation
import RepriseTesting

extension RedisServerProcess {
    /// The server as `--store` names it.
    var url: String { "redis://\(host):\(port)" }

    /// How often a kind of command has come in.
    func calls(of command: String) async throws -> Int {
        Self.calls(of: command, in: try await self.command("INFO", "commandstats"))
    }

    /// Waits until a kind of command has come in more than so often.
    func untilCalls(of command: String, exceed count: Int) async throws {
        try await untilAnswer("INFO", "commandstats") {
            Self.calls(of: command, in: $0) > count
        }
    }

    private static func calls(of command: String, in statistics: String) -> Int {
        let prefix = "cmdstat_\(command):calls="
        let line = statistics.split(whereSeparator: \.isNewline).first { $0.hasPrefix(prefix) }
        return line.flatMap { Int($0.dropFirst(prefix.count).prefix(while: \.isNumber)) } ?? 0
    }

    /// The names of all entries, one a line; those of indices and leases have other letters.
    private static let entries = "reprise:[0-9a-f]*"

    /// Waits until so many entries are stored.
    func untilEntries(_ count: Int) async throws {
        try await untilAnswer("KEYS", Self.entries) {
            $0.split(whereSeparator: \.isNewline).count == count
        }
    }

    /// The names of all entries.
    func entries() async throws -> [String] {
        try await command("KEYS", Self.entries).split(whereSeparator: \.isNewline).map(String.init)
    }
}

extension ServedProxy {
    /// Starts two proxies on one store, and runs `body` with them.
    static func withTwo<R>(
        upstream: String, store: String, _ arguments: [String] = [],
        _ body: (ServedProxy, ServedProxy) async throws -> R
    ) async throws -> R {
        try await with(upstream: upstream, store: store, arguments) { first in
            try await with(upstream: upstream, store: store, arguments) { second in
                try await body(first, second)
            }
        }
    }
}
