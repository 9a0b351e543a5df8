import Configuration
import Synchronization

/// The flags, the environment and the file, asked in this order, and which of them answered.
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
            case .file(let path): "\(path): \(setting.name)"
            }
        }
    }

    private let reader: ConfigReader
    private let sources: [Source]
    private let answers: AnswerRecorder

    /// Sources in order of precedence, the strongest first; not empty.
    init(_ providers: [(source: Source, provider: any ConfigProvider)]) {
        answers = AnswerRecorder()
        sources = providers.map(\.source)
        reader = ConfigReader(providers: providers.map(\.provider), accessReporter: answers)
    }

    /// The value of a setting as written, and where; nil when no source has it.
    func text(_ setting: Setting) throws(SettingsError) -> (text: String, source: Source)? {
        let text = reader.string(forKey: ConfigKey([setting.name]))
        guard let source = try answeringSource(setting), let text else { return nil }
        return (text, source)
    }

    /// The values of a setting that may be given again, all from the strongest source that has any.
    func texts(_ setting: Setting) throws(SettingsError) -> (texts: [String], source: Source)? {
        let texts = reader.stringArray(forKey: ConfigKey([setting.name]))
        guard let source = try answeringSource(setting), let texts else { return nil }
        return (texts, source)
    }

    private func answeringSource(_ setting: Setting) throws(SettingsError) -> Source? {
        guard let answer = answers.last else { return nil }
        let source = sources[answer.provider]
        if answer.isRefusal {
            throw SettingsError("\(source.label(setting)): cannot be read as a value")
        }
        return source
    }
}

/// Remembers which provider answered the latest lookup of a reader.
private final class AnswerRecorder: AccessReporter {
    struct Answer {
        /// The position of the provider in the reader's list.
        var provider: Int
        /// Whether the provider has the key but could not give its value.
        var isRefusal: Bool
    }

    private let latest = Mutex<Answer?>(nil)

    var last: Answer? { latest.withLock { $0 } }

    func report(_ event: AccessEvent) {
        var answer: Answer?
        // A reader asks its providers in order and stops at the first that has a value or throws.
        for (position, result) in event.providerResults.enumerated() {
            switch result.result {
            case .success(let lookup):
                if lookup.value != nil { answer = Answer(provider: position, isRefusal: false) }
            case .failure:
                answer = Answer(provider: position, isRefusal: true)
            }
        }
        latest.withLock { $0 = answer }
    }
}
