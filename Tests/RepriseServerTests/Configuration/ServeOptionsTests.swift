import ArgumentParser
import RepriseServer
import Testing

@testable import reprise

/// The flags of `reprise serve` as its parser takes them.
struct ServeOptionsTests {
    @Test func helpExplainsEverySetting() {
        let help = ServeOptions.helpMessage(columns: 10_000)
        for setting in Setting.allCases {
            #expect(help.contains(setting.flag))
            #expect(help.contains(setting.help))
        }
    }

    @Test(arguments: Setting.allCases.filter { !$0.isSwitch })
    func everyFlagReachesTheLoader(setting: Setting) throws {
        let options = try ServeOptions.parse([setting.flag, "value"])
        #expect(options.flags == [setting: ["value"]])
    }

    @Test(arguments: Setting.allCases.filter(\.isSwitch))
    func switchReachesTheLoader(setting: Setting) throws {
        #expect(try ServeOptions.parse([setting.flag]).flags == [setting: ["true"]])
        #expect(try ServeOptions.parse(["--no-\(setting.name)"]).flags == [setting: ["false"]])
    }

    @Test func noFlagIsNoValue() throws {
        #expect(try ServeOptions.parse([]).flags.isEmpty)
    }

    @Test func upstreamMayBeRepeated() throws {
        let options = try ServeOptions.parse(["--upstream", "b=x", "--upstream", "a=y"])
        #expect(options.flags == [.upstream: ["b=x", "a=y"]])
    }

    @Test func unknownFlagIsRefusedWithTheSameExitCode() {
        #expect {
            try ServeOptions.parse(["--memroy", "1KB"])
        } throws: { error in
            ServeOptions.exitCode(for: error).rawValue == SettingsError.exitCode
        }
    }
}
