/// The flags, the environment and the file, asked in this order.
struct SettingsSources {
    /// One of the places that settings come from.
    enum Source: Equatable, Sendable {
        case flags
        case environment
        case file(path: String)

        /// How a message names `setting` in this place.
        func label(_ setting: Setting) -> String {
            switch self {
            case .flags: setting.flag
            case .environment: setting.variable
            case .file(let path): "\(QuotedValue.onOneLine(path)): \(setting.name)"
            }
        }
    }

    private var layers: [(source: Source, texts: [String: [String]])] = []

    /// Sources for flags, by the settings' names with their values in order, and variables.
    init(flags: [String: [String]], environment: [String: String]) {
        var given: [String: [String]] = [:]
        var variables: [String: [String]] = [:]
        for setting in Setting.all {
            if let texts = flags[setting.name] {
                // Of a flag given twice the last counts.
                given[setting.name] = setting.isRepeatable ? texts : texts.suffix(1)
            }
            guard let text = environment[setting.variable], !text.isEmpty else { continue }
            variables[setting.name] = setting.isRepeatable ? Self.pieces(of: text) : [text]
        }
        layers = [(.flags, given), (.environment, variables)]
    }

    /// Adds a file, the weakest source.
    mutating func add(file: SettingsFile, path: String) {
        layers.append((.file(path: path), file.texts))
    }

    /// The texts of a setting, all from the strongest source that has it, and that source.
    func find(_ setting: Setting) -> (texts: [String], source: Source)? {
        for (source, texts) in layers {
            if let found = texts[setting.name], !found.isEmpty { return (found, source) }
        }
        return nil
    }

    /// How a message names a setting where it was given, or its flag.
    func label(_ setting: Setting) -> String {
        find(setting)?.source.label(setting) ?? setting.flag
    }

    /// The pieces of a list in a variable.
    private static func pieces(of text: String) -> [String] {
        text.split(separator: ",").compactMap { piece in
            let trimmed = piece.drop(while: \.isWhitespace)
            guard let last = trimmed.lastIndex(where: { !$0.isWhitespace }) else { return nil }
            return String(trimmed[...last])
        }
    }
}
