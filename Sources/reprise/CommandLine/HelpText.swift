/// What `--help` prints.
enum HelpText {
    /// The help of `reprise` itself.
    static var overview: String {
        var lines = [
            "OVERVIEW: A caching proxy for the OpenAI API and the APIs that speak like it.", "",
            "USAGE: reprise [COMMAND]", "",
            "COMMANDS:",
        ]
        for name in CommandName.allCases {
            let note = name == .serve ? " Without a command, this." : ""
            lines += entry(name.rawValue, name.abstract + note)
        }
        lines += entry("help", "Show the help of a command; `help settings` explains every setting.")
        lines += ["", "OPTIONS:"]
        lines += [Flag.version, Flag.help].flatMap { entry($0.usage, $0.help) }
        lines += entry(
            "--generate-completion-script bash|zsh|fish", "Print completions for a shell.")
        return lines.joined(separator: "\n") + "\n"
    }

    /// The help of a command.
    static func command(_ name: CommandName) -> String {
        var lines = wrapped("OVERVIEW: \(name.abstract)", indent: 0) + [""]
        lines += wrapped(name.discussion, indent: 0) + [""]
        lines += ["USAGE: reprise \(name.rawValue)" + (name.flags.isEmpty ? "" : " [FLAGS]"), ""]
        if name == .serve {
            for group in SettingGroup.allCases {
                lines.append("\(group.rawValue.uppercased()):")
                for setting in Setting.all where setting.group == group {
                    let flag = Flag(setting)
                    lines += entry(flag.usage, flag.help)
                }
                lines.append("")
            }
        } else if !name.flags.isEmpty {
            lines.append("FLAGS:")
            lines += name.flags.flatMap { entry($0.usage, $0.help) } + [""]
        }
        lines.append("OPTIONS:")
        lines += [Flag.version, Flag.help].flatMap { entry($0.usage, $0.help) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static let width = 80
    private static let column = 26

    /// A name with its explanation beside it, or below it where the name is long.
    private static func entry(_ name: String, _ text: String) -> [String] {
        var lines = wrapped(text, indent: column)
        let head = "  \(name)"
        guard head.count < column, let first = lines.first else { return [head] + lines }
        lines[0] = head + first.dropFirst(head.count)
        return lines
    }

    private static func wrapped(_ text: String, indent: Int) -> [String] {
        let margin = String(repeating: " ", count: indent)
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, indent + line.count + 1 + word.count > width {
                lines.append(margin + line)
                line = ""
            }
            line += line.isEmpty ? String(word) : " \(word)"
        }
        return lines + [margin + line]
    }
}
