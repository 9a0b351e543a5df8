import Configuration
import Foundation

/// Makes the server's settings from flags, environment variables and a file.
///
/// The first source that has a setting decides it, in the order: flags, environment, file,
/// default. An empty variable counts as not set. A setting that can be given several times is
/// taken whole from one source.
public enum SettingsLoader {
    /// Settings, and what should be said about the sources they came from.
    public struct Result: Sendable {
        /// The settings, all valid.
        public let settings: ServerSettings
        /// Lines for standard error, such as one about a misspelt variable.
        public let warnings: [String]
    }

    /// Reads and checks all settings.
    ///
    /// - Parameters:
    ///   - flags: The values of each flag that was given, in order; of a flag that takes one
    ///     value, the last one counts.
    ///   - environment: The process's environment; only `REPRISE_...` is looked at.
    /// - Throws: ``SettingsError`` for the first bad value, or a file that cannot be read.
    public static func load(
        flags: [Setting: [String]], environment: [String: String]
    ) async throws(SettingsError) -> Result {
        var providers: [(source: SettingsSources.Source, provider: any ConfigProvider)] = [
            (.flags, flagProvider(flags)),
            (.environment, environmentProvider(environment)),
        ]
        var configFile: String?
        if let (path, source) = try SettingsSources(providers).text(.configFile) {
            providers.append((.file(path: path), try await fileProvider(path, from: source)))
            configFile = path
        }
        var settings = try ServerSettings(SettingsSources(providers))
        settings.configFile = configFile
        return Result(settings: settings, warnings: warnings(about: environment))
    }

    private static func flagProvider(_ flags: [Setting: [String]]) -> InMemoryProvider {
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        for (setting, texts) in flags {
            guard let last = texts.last else { continue }
            values[AbsoluteConfigKey([setting.name])] = ConfigValue(
                setting == .upstream ? .stringArray(texts) : .string(last), isSecret: false)
        }
        return InMemoryProvider(name: "flags", values: values)
    }

    private static func environmentProvider(
        _ environment: [String: String]
    ) -> some ConfigProvider {
        EnvironmentVariablesProvider(environmentVariables: environment.filter { !$0.value.isEmpty })
            .prefixKeys(with: "reprise")
    }

    private static func fileProvider(
        _ path: String, from source: SettingsSources.Source
    ) async throws(SettingsError) -> FileProvider<SettingsFile> {
        let label = source.label(.configFile)
        guard let format = SettingsFile.Format(path: path) else {
            throw SettingsError(
                "\(label): \(QuotedValue(path)) does not end in .yaml, .yml or .json; rename it")
        }
        let provider: FileProvider<SettingsFile>
        do {
            let location = InMemoryProvider(values: [
                "filePath": ConfigValue(.string(path), isSecret: false)
            ])
            provider = try await FileProvider(
                parsingOptions: .init(format: format), config: ConfigReader(provider: location))
        } catch let malformation as SettingsFile.Malformation {
            throw SettingsError("\(path): \(malformation.reason)")
        } catch {
            throw SettingsError("\(label): \(QuotedValue(path)) \(whyUnreadable(path))")
        }
        try checkKeys(of: provider, path: path)
        return provider
    }

    private static func checkKeys(
        of provider: FileProvider<SettingsFile>, path: String
    ) throws(SettingsError) {
        let known = Set(Setting.inFile.map(\.name))
        let keys = (provider.snapshot() as? SettingsFile)?.keys ?? []
        for key in keys where !known.contains(key) {
            if key.hasPrefix("\(Setting.upstream.name).") { continue }
            let hint = suggestion(for: key, among: known) ?? "`reprise serve --help` lists them"
            throw SettingsError("\(path): \(QuotedValue(key)) is not a setting; \(hint)")
        }
    }

    private static func whyUnreadable(_ path: String) -> String {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            return "does not exist"
        }
        return isDirectory.boolValue ? "is a directory" : "cannot be read; check its permissions"
    }

    private static func warnings(about environment: [String: String]) -> [String] {
        let known = Set(Setting.allCases.map(\.variable))
        return environment.keys.sorted().filter {
            $0.hasPrefix(Setting.variablePrefix) && !known.contains($0)
        }.map { name in
            let hint = suggestion(for: name, among: known).map { "; \($0)" } ?? ""
            return "\(name) is not a setting and is ignored\(hint)"
        }
    }

    private static func suggestion(for name: String, among known: Set<String>) -> String? {
        Spelling.nearest(to: name, in: known.sorted()).map { "did you mean \($0)?" }
    }
}
