import ArgumentParser
import RepriseSimulator
import Synchronization

/// `reprise simulate`: an upstream to try the proxy on, without a key and without cost.
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a simulated OpenAI and Anthropic API to point the proxy at.",
        discussion: """
            It answers with made-up texts, each time with a new id, so that an answer from the \
            cache can be told from a new one. GET /simulator/calls says how many calls it had.
            """)

    @Option(help: "Where to listen: 127.0.0.1:PORT; port 0 picks a free one.")
    var listen = "127.0.0.1:8790"

    @Option(
        help: """
            A file of recorded requests and responses to answer from, one JSON object a line; \
            repeatable. A request that is not recorded gets a 404.
            """)
    var recordings: [String] = []

    func run() async throws {
        guard listen.hasPrefix("\(SimulatedUpstream.host):"),
            let port = Int(listen.dropFirst(SimulatedUpstream.host.count + 1)),
            0...65_535 ~= port
        else {
            throw ExitCode.validationFailure.saying(
                "--listen: \"\(listen)\" is not an address of the simulator; "
                    + "write \(SimulatedUpstream.host):8790")
        }
        let script: Script
        do {
            script = recordings.isEmpty ? .builtIn() : try RecordedTraffic(paths: recordings).script
        } catch {
            throw ExitCode.validationFailure.saying("--recordings: \(error)")
        }
        let upstream: SimulatedUpstream
        do {
            upstream = try await .start(port: port, script.countingCalls(), keepingLast: 16)
        } catch {
            throw ExitCode.unavailable.saying("cannot listen on \(listen): \(error)")
        }
        StandardOutput.line("Simulator listens on \(upstream.origin)")
        try await upstream.run()
    }
}

extension Script {
    /// The same script, which says at `/simulator/calls` how many calls it had.
    fileprivate func countingCalls() -> Script {
        let counter = CallCounter()
        return Script { request in
            if request.path == "/simulator/calls" {
                return .json("{\"total\":\(counter.total.load(ordering: .relaxed))}")
            }
            counter.total.add(1, ordering: .relaxed)
            return response(to: request)
        }
    }
}

/// A count that connections on several threads add to.
private final class CallCounter: Sendable {
    let total = Atomic(0)
}
