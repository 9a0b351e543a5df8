/// Makes the server's settings from flags, environment variables and a file.
///
/// The first source that has a setting decides it, in the order: flags, environment, file,
/// default. An empty variable counts as not set. A setting that can be given several times is
/// taken whole from one source.
enum SettingsLoader {
    /// Settings, and what should be said about the sources they came from.
    struct Result: Sendable {
        /// The settings, all valid.
        let settings: ServerSettings
        /// Lines for standard error, such as one about a misspelt variable.
        let warnings: [String]
    }

    /// Reads and checks all settings.
    ///
    /// - Parameters:
    ///   - flags: The values of each flag that was given, in order, by the setting's name.
    ///   - surroundings: Of the environment only `REPRISE_...`, `HOME` and `XDG_CACHE_HOME` are
    ///     looked at.
    /// - Throws: ``SettingsError`` for the first bad value, or a file that cannot be read.
    static func load(
        flags: [String: [String]], in surroundings: Surroundings
    ) throws(SettingsError) -> Result {
        var sources = SettingsSources(flags: flags, environment: surroundings.environment)
        try addFile(to: &sources, surroundings)
        var settings = ServerSettings()
        for setting in Setting.all {
            guard let (texts, source) = sources.find(setting) else { continue }
            do throws(ValueFlaw) {
                try setting.take(texts, surroundings, &settings)
            } catch {
                throw SettingsError(
                    label: source.label(setting), text: texts.joined(separator: ","), flaw: error)
            }
        }
        try complete(&settings, surroundings)
        try checkTogether(settings, sources)
        return Result(
            settings: settings,
            warnings: warnings(about: surroundings.environment)
                + SettingsAdvice.lines(about: settings, sources))
    }

    private static func addFile(
        to sources: inout SettingsSources, _ surroundings: Surroundings
    ) throws(SettingsError) {
        guard let setting = Setting.named(Setting.configFile),
            let (texts, source) = sources.find(setting)
        else { return }
        let path = texts.joined()
        let label = source.label(setting)
        guard let format = SettingsFile.Format(path: path) else {
            throw SettingsError(
                "\(label): \(QuotedValue(path)) does not end in .yaml, .yml or .json; rename it")
        }
        let bytes: [UInt8]
        do throws(Surroundings.FileFlaw) {
            bytes = try surroundings.readFile(path)
        } catch {
            throw SettingsError("\(label): \(QuotedValue(path)) \(error.predicate)")
        }
        do throws(SettingsFile.Malformation) {
            sources.add(file: try SettingsFile(bytes, format), path: path)
        } catch {
            throw SettingsError("\(QuotedValue.onOneLine(path)): \(error.reason)")
        }
    }

    /// Fills in the default that depends on the environment.
    private static func complete(
        _ settings: inout ServerSettings, _ surroundings: Surroundings
    ) throws(SettingsError) {
        if settings.store != nil { return }
        do throws(ValueFlaw) {
            settings.store = try StoreNotation.standard(in: surroundings)
        } catch {
            throw SettingsError(label: "--store", text: "", flaw: error)
        }
    }

    /// Checks what no value alone shows.
    private static func checkTogether(
        _ settings: ServerSettings, _ sources: SettingsSources
    ) throws(SettingsError) {
        if (settings.tlsCertificate == nil) != (settings.tlsKey == nil) {
            let hasKey = settings.tlsCertificate == nil
            let missing = hasKey ? "tls-cert" : "tls-key"
            throw SettingsError(
                "\(sources.label(named: hasKey ? "tls-key" : "tls-cert")): needs \(missing) too; "
                    + "give both or neither")
        }
        if settings.collapsesAcrossServers, let store = settings.store, !store.hasLeases {
            throw SettingsError(
                "\(sources.label(named: "store")): \(QuotedValue(store.name)) cannot tell servers "
                    + "of each other's calls; --collapse-across-servers needs redis:// or upstash:")
        }
        for name in settings.keyHeaders where settings.ignoredHeaders.contains(name) {
            throw SettingsError(
                "\(sources.label(named: "key-header")): \(QuotedValue(name)) is left out of the key "
                    + "by --ignore-header; give one of the two")
        }
    }

    private static func warnings(about environment: [String: String]) -> [String] {
        let known = Set(Setting.all.map(\.variable))
        return environment.keys.sorted().filter {
            $0.hasPrefix(Setting.variablePrefix) && !known.contains($0)
        }.map { name in
            let hint = Spelling.hint(for: name, in: known.sorted()).map { "; \($0)" } ?? ""
            return "\(QuotedValue.onOneLine(name)) is not a setting and is ignored\(hint)"
        }
    }
}

extension SettingsSources {
    /// How a message names the setting of a name where it was given.
    func label(named name: String) -> String {
        Setting.named(name).map { label($0) } ?? "--\(name)"
    }
}

extension SettingsError {
    /// The error for a bad value: where it stands, the value, and what is wrong with it.
    init(label: String, text: String, flaw: ValueFlaw) {
        switch flaw.subject {
        case .value: self.init("\(label): \(QuotedValue(text)) \(flaw.predicate)")
        case .text(let subject): self.init("\(label): \(QuotedValue(subject)) \(flaw.predicate)")
        case .nothing: self.init("\(label): \(flaw.predicate)")
        }
    }
}
