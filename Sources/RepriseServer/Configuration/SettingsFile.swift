import Configuration
import Foundation
import Synchronization

/// The settings that a YAML or JSON file holds, as texts.
///
/// Reading is swift-configuration's. This snapshot adds what it leaves open: which keys there are,
/// numbers and truth values as the texts they were written as, and a map where a list is asked
/// for. A blank value, and YAML's or JSON's null, are as if the key were not there.
struct SettingsFile: FileConfigSnapshot {
    /// The notation a file is written in.
    enum Format: Sendable {
        case json, yaml

        /// The format that a path's extension names; nil for another extension or none.
        init?(path: String) {
            switch path.split(separator: ".").last?.lowercased() {
            case "json": self = .json
            case "yaml", "yml": self = .yaml
            default: return nil
            }
        }
    }

    /// How to read a file.
    struct ParsingOptions: FileParsingOptions {
        /// The file's notation.
        var format: Format

        static let `default` = ParsingOptions(format: .yaml)
    }

    /// Why a file's text is not a file of settings: one line.
    struct Malformation: Error {
        /// The parser's words.
        let reason: String
    }

    let providerName: String
    /// The paths of all values, their parts joined by dots, sorted.
    let keys: [String]
    private let format: Format
    private let content: any ConfigSnapshot

    /// Parses a file.
    ///
    /// - Throws: ``Malformation`` when it is not a map from names to values and lists of values.
    init(data: RawSpan, providerName: String, parsingOptions: ParsingOptions) throws {
        self.providerName = providerName
        format = parsingOptions.format
        let collector = KeyCollector()
        if Self.isEmpty(data, parsingOptions.format) {
            keys = []
            content = InMemoryProvider(values: [:]).snapshot()
            return
        }
        do {
            switch parsingOptions.format {
            case .json:
                content = try JSONSnapshot(
                    data: data, providerName: providerName,
                    parsingOptions: .init(
                        secretsSpecifier: .dynamic { key, _ in collector.insert(key) }))
            case .yaml:
                content = try YAMLSnapshot(
                    data: data, providerName: providerName,
                    parsingOptions: .init(
                        secretsSpecifier: .dynamic { key, _ in collector.insert(key) }))
            }
        } catch {
            throw Malformation(reason: Self.reason(error))
        }
        keys = collector.keys.sorted()
    }

    /// Whether a file says nothing, such as a YAML file with every line commented out: to a YAML
    /// parser it holds null, not an empty map.
    private static func isEmpty(_ data: RawSpan, _ format: Format) -> Bool {
        guard format == .yaml else { return false }
        let text = data.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        return text.split(whereSeparator: \.isNewline).allSatisfy { line in
            let content = line.drop(while: \.isWhitespace)
            return content.isEmpty || content.hasPrefix("#") || content == "---"
        }
    }

    func value(forKey key: AbsoluteConfigKey, type: ConfigType) throws -> LookupResult {
        let name = key.components.joined(separator: ".")
        var texts = try self.texts(key)
        if type == .stringArray {
            let prefix = name + "."
            for path in keys where path.hasPrefix(prefix) {
                let entry = path.dropFirst(prefix.count)
                let member = AbsoluteConfigKey(path.split(separator: ".").map(String.init))
                texts += try self.texts(member).map { "\(entry)=\($0)" }
            }
        }
        guard texts.contains(where: { !isBlank($0) }) else {
            return LookupResult(encodedKey: name, value: nil)
        }
        let content: ConfigContent =
            type == .stringArray ? .stringArray(texts) : .string(texts.joined(separator: ","))
        return LookupResult(encodedKey: name, value: ConfigValue(content, isSecret: false))
    }

    var description: String { "\(providerName)[\(keys.count) values]" }

    var debugDescription: String { description }

    private func isBlank(_ text: String) -> Bool {
        text.allSatisfy(\.isWhitespace) || (format == .yaml && ["~", "null"].contains(text))
    }

    /// The value of one key as it was written, or the values of a list; empty when it is not there.
    private func texts(_ key: AbsoluteConfigKey) throws -> [String] {
        var refusal: (any Error)?
        for type in Self.types {
            do {
                return texts(try content.value(forKey: key, type: type).value?.content)
            } catch {
                refusal = error
            }
        }
        throw refusal ?? Malformation(reason: "no value")
    }

    /// The types to ask for. A snapshot gives a value as the type it was written as, and a whole
    /// number as a fraction and a truth value too; so the order matters.
    private static let types: [ConfigType] = [
        .string, .stringArray, .int, .intArray, .double, .doubleArray, .bool, .boolArray,
    ]

    private func texts(_ content: ConfigContent?) -> [String] {
        switch content {
        case .string(let text): [text]
        case .stringArray(let texts): texts
        case .int(let number): [String(number)]
        case .intArray(let numbers): numbers.map { String($0) }
        case .double(let number): [String(number)]
        case .doubleArray(let numbers): numbers.map { String($0) }
        case .bool(let truth): [String(truth)]
        case .boolArray(let truths): truths.map { String($0) }
        case .bytes, .byteChunkArray, nil: []
        }
    }

    /// The parser's words without the excerpt of the file that may follow them: it could show a
    /// credential.
    private static func reason(_ error: any Error) -> String {
        let explanation = (error as NSError).userInfo["NSDebugDescription"] as? String
        let lines = (explanation ?? String(describing: error)).split(whereSeparator: \.isNewline)
        let last = lines.firstIndex { $0.hasSuffix(":") || $0.hasSuffix(".") } ?? 0
        let words = lines.prefix(last + 1).joined(separator: "; ")
        return words.hasSuffix(":") ? String(words.dropLast()) : words
    }
}

/// Gathers the key of every value while a file is parsed.
///
/// swift-configuration asks about each value whether it is secret and offers no other list of the
/// keys in a file.
private final class KeyCollector: Sendable {
    private let seen = Mutex<Set<String>>([])

    var keys: Set<String> { seen.withLock { $0 } }

    /// Remembers `key`, which is no secret.
    func insert(_ key: String) -> Bool {
        seen.withLock { _ = $0.insert(key) }
        return false
    }
}
