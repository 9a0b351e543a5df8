import ArgumentParser
import RepriseServer

/// `reprise demo`: the proxy at work, without a key, in a few seconds.
struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the proxy at work against a simulated API; takes a few seconds.",
        discussion: """
            Starts a simulated API and the proxy on free ports, sends each request twice, and \
            prints how long the answers took and whether their bytes were the same.
            """)

    func run() async throws {
        do {
            let rows = try await Demonstration.run()
            for line in DemonstrationTable(rows).lines {
                StandardOutput.line(line)
            }
            if !rows.allSatisfy(\.isConvincing) {
                throw ExitCode.failure.saying("the second answers did not come from the cache")
            }
        } catch let error as StartError {
            throw ExitCode.unavailable.saying(error.description)
        }
    }
}
