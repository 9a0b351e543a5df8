/// A flag of a command.
struct Flag: Sendable {
    /// The name behind `--`.
    let name: String
    /// What its value looks like; nil when it stands alone.
    let kind: ValueKind?
    /// What it does, as the help says it.
    let help: String

    /// Whether it stands alone and has a `--no-` form beside it.
    var isSwitch: Bool { kind == .truth }

    /// The flag as the help shows it.
    var usage: String {
        guard let kind else { return "--\(name)" }
        return isSwitch ? "--\(name)/--no-\(name)" : "--\(name) \(kind.placeholder)"
    }

    /// The flag of a setting.
    init(_ setting: Setting) {
        self.init(setting.name, setting.kind, setting.help)
    }

    init(_ name: String, _ kind: ValueKind?, _ help: String) {
        self.name = name
        self.kind = kind
        self.help = help
    }

    /// What every command understands.
    static let help = Flag("help", nil, "Show this help.")
    /// What every command understands.
    static let version = Flag("version", nil, "Show the version.")
}
