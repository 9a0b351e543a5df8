/// One thing that `reprise serve` can be told: the same name as a flag, a variable and a file's key.
///
/// ``all`` declares every setting once; help, parsing, completions and the page of settings are
/// made from it.
struct Setting: Sendable {
    /// The name as it stands in a file, and behind `--` on the command line.
    let name: String
    /// Where the help lists it.
    let group: SettingGroup
    /// What kind of value it takes.
    let kind: ValueKind
    /// What holds when it is not given.
    let fallback: Fallback
    /// What it does, in one or two sentences.
    let summary: String
    /// Whether it may be given again, each time with another value.
    let isRepeatable: Bool
    /// Reads the value's texts and puts the value in its place.
    let take: Take

    /// Reads texts, of which there is one unless a setting is repeatable.
    typealias Take =
        @Sendable (
            _ texts: [String], _ surroundings: Surroundings, _ settings: inout ServerSettings
        ) throws(ValueFlaw) -> Void

    /// What holds when a setting is not given.
    enum Fallback: Equatable, Sendable {
        /// The same as when this is given.
        case value(String)
        /// What no one value stands for, in words.
        case words(String)
        /// Nothing.
        case nothing
    }

    /// The name as a flag, such as `--max-entry`.
    var flag: String { "--\(name)" }

    /// The name as an environment variable, such as `REPRISE_MAX_ENTRY`.
    var variable: String {
        Self.variablePrefix + name.uppercased().replacing("-", with: "_")
    }

    /// What every environment variable of the proxy begins with.
    static let variablePrefix = "REPRISE_"

    /// The setting that names the file of settings, and that no file can hold.
    static let configFile = "config"

    /// What the setting does, its default and its environment variable: what `--help` prints.
    var help: String {
        switch fallback {
        case .value(let text), .words(let text): "\(summary) (default: \(text); \(variable))"
        case .nothing: "\(summary) (\(variable))"
        }
    }
}

/// A heading under which the help lists settings.
enum SettingGroup: String, CaseIterable, Sendable {
    case listening = "Listening"
    case upstreams = "Upstreams"
    case cache = "Cache"
    case timeLimits = "Time limits"
    case general = "Settings and log"
}

/// What a value looks like.
enum ValueKind: Equatable, Sendable {
    case address, file, count, url, namedURL, store, size, duration, truth, headerName
    /// One of these words.
    case choice([String])

    /// What stands for the value in the help, such as `SIZE`.
    var placeholder: String {
        switch self {
        case .address: "HOST:PORT"
        case .file: "FILE"
        case .count: "COUNT"
        case .url, .store: "URL"
        case .namedURL: "NAME=URL"
        case .size: "SIZE"
        case .duration: "DURATION"
        case .truth: "true|false"
        case .headerName: "NAME"
        case .choice(let words): words.count > 3 ? "WORD" : words.joined(separator: "|")
        }
    }
}
