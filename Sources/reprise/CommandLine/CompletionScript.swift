/// Completions for a shell, made from the flags of all commands.
enum CompletionScript: String, CaseIterable {
    case bash, zsh, fish

    /// The script to be read by the shell.
    var text: String {
        switch self {
        case .bash: bash
        case .zsh: zsh
        case .fish: fish
        }
    }

    private static let topics = CommandName.allCases.map(\.rawValue) + ["help"]
    private static let shells = CompletionScript.allCases.map(\.rawValue).joined(separator: " ")

    /// The words that a flag adds to a command line.
    private static func words(_ flag: Flag) -> [String] {
        flag.isSwitch ? ["--\(flag.name)", "--no-\(flag.name)"] : ["--\(flag.name)"]
    }

    private static func words(_ name: CommandName) -> String {
        (name.flags + [.help, .version]).flatMap(words).joined(separator: " ")
    }

    private var bash: String {
        var values: [String] = []
        for name in CommandName.allCases {
            for flag in name.flags {
                guard let reply = Self.bashReply(flag) else { continue }
                values.append("        \(name.rawValue):--\(flag.name)) \(reply); return ;;")
            }
        }
        let commands = CommandName.allCases.map { name in
            "        \(name.rawValue)) words=\"\(Self.words(name))\" ;;"
        }
        return """
            # Completions of reprise for bash.
            _reprise() {
                local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
                local command=serve words=
                case ${COMP_WORDS[1]} in
                    \(Self.topics.joined(separator: "|"))) command=${COMP_WORDS[1]} ;;
                esac
                case $before in
                    --generate-completion-script)
                        COMPREPLY=($(compgen -W "\(Self.shells)" -- "$word")); return ;;
                esac
                case $command:$before in
            \(values.joined(separator: "\n"))
                esac
                case $command in
            \(commands.joined(separator: "\n"))
                    help) words="\(CommandName.allCases.map(\.rawValue).joined(separator: " ")) settings" ;;
                esac
                if [ "$COMP_CWORD" = 1 ]; then
                    words="$words \(Self.topics.joined(separator: " ")) --generate-completion-script"
                fi
                COMPREPLY=($(compgen -W "$words" -- "$word"))
            }
            complete -F _reprise reprise

            """
    }

    /// What bash is to reply behind a flag; nil where the next word is another flag.
    private static func bashReply(_ flag: Flag) -> String? {
        switch flag.kind {
        case nil, .truth: nil
        case .choice(let words):
            "COMPREPLY=($(compgen -W \"\(words.joined(separator: " "))\" -- \"$word\"))"
        case .file: "COMPREPLY=($(compgen -f -- \"$word\"))"
        case .store: "COMPREPLY=($(compgen -W \"memory: sqlite:\" -- \"$word\"))"
        default: "COMPREPLY=()"
        }
    }

    private var zsh: String {
        let cases = CommandName.allCases.map { name in
            let specifications = (name.flags + [.help, .version]).flatMap(Self.zshSpecifications)
            let lines = specifications.map { " \\\n                '\($0)'" }.joined()
            return "        \(name.rawValue))\n            _arguments\(lines)\n            ;;"
        }
        let commands = CommandName.allCases.map { name in
            "        '\(name.rawValue):\(Self.zshEscaped(name.abstract))'"
        }
        return """
            #compdef reprise
            # Completions of reprise for zsh.
            _reprise() {
                local command=serve
                local -a commands=(
            \(commands.joined(separator: "\n"))
                    'help:Show the help of a command.'
                )
                if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
                    _describe command commands
                    return
                fi
                if [[ $words[2] != -* ]]; then
                    command=$words[2]
                    shift words
                    (( CURRENT-- ))
                fi
                case $command in
            \(cases.joined(separator: "\n"))
                    help)
                        _values topic \(CommandName.allCases.map(\.rawValue).joined(separator: " ")) settings
                        ;;
                esac
            }
            if [ "$funcstack[1]" = _reprise ]; then _reprise "$@"; else compdef _reprise reprise; fi

            """
    }

    private static func zshSpecifications(_ flag: Flag) -> [String] {
        let text = zshEscaped(flag.help)
        guard let kind = flag.kind, !flag.isSwitch else {
            return words(flag).map { "\($0)[\(text)]" }
        }
        let action =
            switch kind {
            case .choice(let words): "(\(words.joined(separator: " ")))"
            case .file: "_files"
            case .store: "(memory\\: sqlite\\:)"
            default: " "
            }
        return ["*--\(flag.name)=[\(text)]:\(zshEscaped(kind.placeholder)):\(action)"]
    }

    private static func zshEscaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            if character == "'" {
                escaped += "'\\''"
            } else {
                if "[]:\\".contains(character) { escaped += "\\" }
                escaped.append(character)
            }
        }
        return escaped
    }

    private var fish: String {
        let names = CommandName.allCases.map(\.rawValue)
        var lines = [
            "# Completions of reprise for fish.",
            "complete -c reprise -f",
        ]
        let others = names.filter { $0 != "serve" }.joined(separator: " ")
        for name in CommandName.allCases {
            lines.append(
                "complete -c reprise -n __fish_use_subcommand -a \(name.rawValue) -d "
                    + Self.fishQuoted(name.abstract))
            // Flags without a command are those of serve.
            let condition =
                name == .serve
                ? "not __fish_seen_subcommand_from \(others) help"
                : "__fish_seen_subcommand_from \(name.rawValue)"
            for flag in name.flags {
                for word in Self.words(flag) {
                    lines.append(
                        "complete -c reprise -n '\(condition)' -l \(word.dropFirst(2))"
                            + Self.fishValue(flag) + " -d " + Self.fishQuoted(flag.help))
                }
            }
        }
        lines += [
            "complete -c reprise -n __fish_use_subcommand -a help -d 'Show the help of a command.'",
            "complete -c reprise -n '__fish_seen_subcommand_from help' -a '"
                + (names + ["settings"]).joined(separator: " ") + "'",
            "complete -c reprise -s h -l help -d 'Show this help.'",
            "complete -c reprise -l version -d 'Show the version.'",
            "complete -c reprise -l generate-completion-script -x -a '\(Self.shells)'",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    private static func fishValue(_ flag: Flag) -> String {
        switch flag.kind {
        case nil, .truth: ""
        case .choice(let words): " -x -a '\(words.joined(separator: " "))'"
        case .file: " -r -F"
        case .store: " -x -a 'memory: sqlite:'"
        default: " -x"
        }
    }

    private static func fishQuoted(_ text: String) -> String {
        "'" + text.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
    }
}
