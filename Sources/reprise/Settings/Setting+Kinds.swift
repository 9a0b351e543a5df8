extension Setting {
    /// A setting of one value.
    init<Value>(
        _ name: String, _ group: SettingGroup, _ kind: ValueKind,
        _ place: any WritableKeyPath<ServerSettings, Value> & Sendable, _ fallback: Fallback,
        _ summary: String, parse: @escaping @Sendable (String) throws(ValueFlaw) -> Value
    ) {
        self.init(
            name: name, group: group, kind: kind, fallback: fallback, summary: summary,
            isRepeatable: false
        ) { (texts, _, settings) throws(ValueFlaw) in
            settings[keyPath: place] = try parse(texts.joined(separator: ","))
        }
    }

    /// A setting that may be given again.
    init<Value>(
        list name: String, _ group: SettingGroup, _ kind: ValueKind,
        _ place: any WritableKeyPath<ServerSettings, Value> & Sendable, _ summary: String,
        parse: @escaping @Sendable ([String]) throws(ValueFlaw) -> Value
    ) {
        self.init(
            name: name, group: group, kind: kind, fallback: .nothing, summary: summary,
            isRepeatable: true
        ) { (texts, _, settings) throws(ValueFlaw) in
            settings[keyPath: place] = try parse(texts)
        }
    }

    /// A size within bounds, in bytes, which fit `Value`.
    static func size<Value: FixedWidthInteger & SendableMetatype>(
        _ name: String, _ place: any WritableKeyPath<ServerSettings, Value> & Sendable,
        in bounds: ClosedRange<Int64>, _ summary: String
    ) -> Setting {
        let standard = ByteSize.text(Int64(ServerSettings()[keyPath: place]))
        return Setting(name, .cache, .size, place, .value(standard), summary) {
            (text) throws(ValueFlaw) in
            Value(try ByteSize.parse(text, in: bounds, example: standard))
        }
    }

    /// How long something may take, at least a millisecond.
    static func wait(
        _ name: String, _ group: SettingGroup,
        _ place: any WritableKeyPath<ServerSettings, Duration> & Sendable, _ summary: String
    ) -> Setting {
        duration(name, group, place, minimum: .milliseconds(1), summary)
    }

    /// How long something takes, or nothing at all.
    static func delay(
        _ name: String, _ group: SettingGroup,
        _ place: any WritableKeyPath<ServerSettings, Duration> & Sendable, _ summary: String
    ) -> Setting {
        duration(name, group, place, minimum: .zero, summary)
    }

    private static func duration(
        _ name: String, _ group: SettingGroup,
        _ place: any WritableKeyPath<ServerSettings, Duration> & Sendable, minimum: Duration,
        _ summary: String
    ) -> Setting {
        let standard = DurationNotation.text(ServerSettings()[keyPath: place])
        return Setting(name, group, .duration, place, .value(standard), summary) {
            (text) throws(ValueFlaw) in
            try DurationNotation.parse(text, minimum: minimum)
        }
    }

    /// A truth value; the flag stands alone, with a `--no-` form beside it.
    static func truth(
        _ name: String, _ place: any WritableKeyPath<ServerSettings, Bool> & Sendable,
        _ summary: String
    ) -> Setting {
        let standard = "\(ServerSettings()[keyPath: place])"
        return Setting(name, .cache, .truth, place, .value(standard), summary) {
            (text) throws(ValueFlaw) in
            switch text.lowercased() {
            case "true", "yes", "on", "1": true
            case "false", "no", "off", "0": false
            default: throw ValueFlaw("is neither true nor false; write one of them")
            }
        }
    }

    /// One of several words, whatever its case.
    static func choice<Value: Equatable & Sendable>(
        _ name: String, _ group: SettingGroup,
        _ place: any WritableKeyPath<ServerSettings, Value> & Sendable,
        _ values: [(word: String, value: Value)], _ summary: String
    ) -> Setting {
        let words = values.map(\.word)
        let standard = values.first { $0.value == ServerSettings()[keyPath: place] }?.word
        return Setting(
            name, group, .choice(words), place, standard.map { .value($0) } ?? .nothing, summary
        ) { (text) throws(ValueFlaw) in
            guard let index = words.firstIndex(of: text.lowercased()) else {
                let all = words.dropLast().joined(separator: ", ") + " or " + (words.last ?? "")
                throw ValueFlaw("is not known; write \(all)")
            }
            return values[index].value
        }
    }

    /// The path of a file.
    static func file(
        _ name: String, _ group: SettingGroup,
        _ place: any WritableKeyPath<ServerSettings, String?> & Sendable, _ fallback: Fallback,
        _ summary: String
    ) -> Setting {
        Setting(name, group, .file, place, fallback, summary) { (text) throws(ValueFlaw) in
            if text.isEmpty || text.utf8.contains(0) {
                throw ValueFlaw("is not a file; write its path")
            }
            return text
        }
    }

    /// A whole number within bounds.
    static func count(
        _ name: String, _ place: any WritableKeyPath<ServerSettings, Int?> & Sendable,
        in bounds: ClosedRange<Int>, standard words: [String], of things: String,
        _ fallback: Fallback, _ summary: String
    ) -> Setting {
        Setting(name, .listening, .count, place, fallback, summary) { (text) throws(ValueFlaw) in
            if words.contains(text.lowercased()) { return nil }
            guard text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let count = Int(text),
                bounds.contains(count)
            else {
                let others = words.last.map { ", or \($0)" } ?? ""
                throw ValueFlaw(
                    "is not a number of \(things); write \(bounds.lowerBound) to "
                        + "\(bounds.upperBound)\(others)")
            }
            return count
        }
    }
}
