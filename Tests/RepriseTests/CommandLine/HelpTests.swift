import Foundation
import Testing

@testable import reprise

/// What `--help` says, and what else is made from the declarations of the settings.
struct HelpTests {
    @Test func helpExplainsEveryFlagWithItsDefault() throws {
        let help = try shown(["serve", "--help"]).split { $0.isWhitespace }.joined(separator: " ")
        for setting in Setting.all {
            #expect(help.contains(Flag(setting).usage), "\(setting.flag)")
            #expect(help.contains(setting.help), "\(setting.flag)")
            if case .value(let text) = setting.fallback {
                #expect(help.contains("(default: \(text); \(setting.variable))"))
            }
        }
        for group in SettingGroup.allCases {
            #expect(help.contains(group.rawValue.uppercased() + ":"))
        }
    }

    @Test func helpFitsATerminal() throws {
        for words in [["--help"], ["serve", "-h"], ["help", "demo"], ["help", "simulate"]] {
            for line in try shown(words).split(separator: "\n") { #expect(line.count <= 80) }
        }
    }

    @Test func helpOfTheCommandNamesItsSubcommands() throws {
        let help = try shown(["--help"])
        for name in ["serve", "demo", "simulate"] { #expect(help.contains("  \(name) ")) }
        #expect(try shown(["help"]) == help)
        #expect(try shown(["-h"]) == help)
    }

    @Test(arguments: CommandName.allCases)
    func helpOfACommandCanBeAskedForInTwoWays(name: CommandName) throws {
        let help = try shown(["help", name.rawValue])
        #expect(help == (try shown([name.rawValue, "--help"])))
        #expect(help.contains(name.abstract.prefix(30)))
    }

    @Test func pageOfSettingsIsUpToDate() throws {
        let page = try shown(["help", "settings", "--markdown"])
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let written = try String(
            contentsOf: root.appending(path: "docs/settings.md"), encoding: .utf8)
        #expect(
            written == page,
            "write it anew: reprise help settings --markdown > docs/settings.md")
    }

    @Test(arguments: CompletionScript.allCases)
    func completionsKnowEveryFlag(script: CompletionScript) throws {
        let text = try shown(["--generate-completion-script", script.rawValue])
        #expect(try shown(["--generate-completion-script=\(script.rawValue)"]) == text)
        for name in CommandName.allCases {
            #expect(text.contains(name.rawValue))
            for flag in name.flags {
                let word = script == .fish ? "-l \(flag.name) " : "--\(flag.name)"
                #expect(text.contains(word), "\(flag.name)")
            }
        }
    }

    @Test(arguments: [
        (["reprise", "s"], ["serve", "simulate"]), (["reprise", "serve", "--st"], ["--store", "--store-timeout"]),
        (["reprise", "--st"], ["--store", "--store-timeout"]), (["reprise", "--log-format", ""], ["text", "json"]),
        (["reprise", "simulate", "--r"], ["--recordings"]), (["reprise", "demo", "--m"], []),
        (["reprise", "help", "d"], ["demo"]),
        (["reprise", "--generate-completion-script", "z"], ["zsh"]),
        (["reprise", "--memory", ""], []),
    ])
    func bashCompletes(words: [String], expected: [String]) throws {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/bin/bash")
        let line = words.map { "'\($0)'" }.joined(separator: " ")
        process.arguments = [
            "-c",
            CompletionScript.bash.text + """
                COMP_WORDS=(\(line)); COMP_CWORD=\(words.count - 1); _reprise
                for reply in "${COMPREPLY[@]}"; do echo "$reply"; done
                """,
        ]
        process.standardOutput = output
        try process.run()
        let replies = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(
            String(decoding: replies, as: UTF8.self).split(separator: "\n").map(String.init)
                == expected)
    }

    private func shown(_ words: [String]) throws -> String {
        guard case .show(let text) = try Command.read(words) else {
            throw CocoaError(.featureUnsupported)
        }
        return text
    }
}
