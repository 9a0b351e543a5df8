/// What a command line asks for.
enum Command: Equatable {
    /// The proxy, with the values of each flag.
    case serve(flags: [String: [String]])
    /// The proxy at work against a simulated API.
    case demo
    /// A simulated API.
    case simulate(SimulateOptions)
    /// A text for standard output, and nothing else.
    case show(String)

    /// The version of Reprise.
    static let version = "0.1.0"

    /// Reads a command line.
    ///
    /// - Parameter words: All words behind the program's own name.
    static func read(_ words: [String]) throws(UsageError) -> Command {
        guard let first = words.first, !first.hasPrefix("-") else {
            return try readUnnamed(words)
        }
        if first == "help" { return try readHelp(Array(words.dropFirst())) }
        guard let name = CommandName(rawValue: first) else {
            let known = CommandName.allCases.map(\.rawValue) + ["help"]
            let hint = Spelling.hint(for: first, in: known) ?? "`reprise --help` lists them"
            throw UsageError("\(QuotedValue(first)) is not a command; \(hint)")
        }
        let reading = try FlagReader.read(
            Array(words.dropFirst()), flags: name.flags, command: name.rawValue)
        return try name.command(reading, help: HelpText.command(name))
    }

    /// Reads flags without a command: those of `serve`.
    private static func readUnnamed(_ words: [String]) throws(UsageError) -> Command {
        let option = "--generate-completion-script"
        if let first = words.first, first == option || first.hasPrefix("\(option)=") {
            let shell =
                first == option ? words.dropFirst().first : String(first.dropFirst(option.count + 1))
            guard let shell, let script = CompletionScript(rawValue: shell) else {
                throw UsageError("\(option) needs the name of a shell; write bash, zsh or fish")
            }
            return .show(script.text)
        }
        let reading = try FlagReader.read(
            words, flags: CommandName.serve.flags, command: CommandName.serve.rawValue)
        return try CommandName.serve.command(reading, help: HelpText.overview)
    }

    private static func readHelp(_ words: [String]) throws(UsageError) -> Command {
        guard let topic = words.first, topic != "--help", topic != "-h" else {
            return .show(HelpText.overview)
        }
        if topic == "settings" {
            if words.dropFirst().first == "--markdown" { return .show(SettingsPage.text) }
            return .show(HelpText.command(.serve))
        }
        guard let name = CommandName(rawValue: topic) else {
            let known = CommandName.allCases.map(\.rawValue) + ["settings"]
            let hint = Spelling.hint(for: topic, in: known) ?? "`reprise --help` lists them"
            throw UsageError("\(QuotedValue(topic)) is not a command; \(hint)")
        }
        return .show(HelpText.command(name))
    }
}

/// The commands, by their names.
enum CommandName: String, CaseIterable, Sendable {
    case serve, demo, simulate

    /// What the command does, in one line.
    var abstract: String {
        switch self {
        case .serve: "Answer repeated requests from the cache, and send the others upstream."
        case .demo: "Show the proxy at work against a simulated API; takes a few seconds."
        case .simulate: "Run a simulated OpenAI and Anthropic API to point the proxy at."
        }
    }

    /// What else is to be known.
    var discussion: String {
        switch self {
        case .serve:
            "Each setting can be given as a flag, as an environment variable, or in a file "
                + "(--config), in that precedence."
        case .demo:
            "Starts a simulated API and the proxy on free ports, sends each request twice, and "
                + "prints how long the answers took and whether their bytes were the same."
        case .simulate:
            "It answers with made-up texts, each time with a new id, so that an answer from the "
                + "cache can be told from a new one. GET /simulator/calls says how many calls it "
                + "had."
        }
    }

    /// The flags of the command.
    var flags: [Flag] {
        switch self {
        case .serve: Setting.all.map { Flag($0) }
        case .demo: []
        case .simulate: SimulateOptions.flags
        }
    }

    /// The command that these flags make.
    fileprivate func command(
        _ reading: FlagReader.Reading, help: String
    ) throws(UsageError) -> Command {
        if reading.wantsHelp { return .show(help) }
        if reading.wantsVersion { return .show("\(Command.version)\n") }
        switch self {
        case .serve: return .serve(flags: reading.values)
        case .demo: return .demo
        case .simulate: return .simulate(try SimulateOptions(reading.values))
        }
    }
}
