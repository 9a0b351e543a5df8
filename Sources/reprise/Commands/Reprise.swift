import ArgumentParser

/// The command line; `reprise` alone means `reprise serve`.
@main
struct Reprise: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reprise",
        abstract: "A caching proxy for the OpenAI API and the APIs that speak like it.",
        version: "0.1.0",
        subcommands: [Serve.self, Demo.self, Simulate.self],
        defaultSubcommand: Serve.self)
}
