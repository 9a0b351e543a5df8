import Testing

@testable import reprise

/// What `--help` says.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct HelpTests {
    @Test func helpExplainsEveryFlagWithItsDefault() async throws {
        let ended = try await BuiltBinary.run(["serve", "--help"])
        #expect(ended.exitCode == 0)
        #expect(ended.errors == "")
        let help = ended.output.split { $0.isWhitespace }.joined(separator: " ")
        for setting in Setting.all {
            // A switch stands beside its opposite: --name/--no-name.
            let isNamed = [" ", "/"].contains { help.contains("\(setting.flag)\($0)") }
            #expect(isNamed, "\(setting.flag)")
            #expect(help.contains(setting.variable), "\(setting.variable)")
            if case .value(let text) = setting.fallback {
                #expect(
                    help.contains("(default: \(text); \(setting.variable))"), "\(setting.flag)")
            }
        }
    }
}
