extension SettingsSources {
    /// Puts the value of `setting` into `place`, which keeps its default when no source has one.
    ///
    /// - Parameter parse: Makes the value from its text.
    /// - Throws: ``SettingsError``, naming the source, when `parse` refuses the text.
    func read<Value>(
        _ setting: Setting, into place: inout Value,
        parse: (String) throws(ValueFlaw) -> Value
    ) throws(SettingsError) {
        guard let (text, source) = try text(setting) else { return }
        do {
            place = try parse(text)
        } catch {
            throw SettingsError(source: source, setting: setting, text: text, flaw: error)
        }
    }

    /// Puts a size into `place`, as ``read(_:into:parse:)`` does.
    ///
    /// - Parameter bounds: The sizes allowed, in bytes; they fit `Value`.
    func readSize<Value: FixedWidthInteger>(
        _ setting: Setting, into place: inout Value, in bounds: ClosedRange<Int64>
    ) throws(SettingsError) {
        try read(setting, into: &place) { (text: String) throws(ValueFlaw) in
            let example = setting.defaultText ?? "256MB"
            return Value(try ByteSize.parse(text, in: bounds, example: example))
        }
    }

    /// Puts one of several words into `place`, as ``read(_:into:parse:)`` does; case is ignored.
    func readCase<Value: RawRepresentable<String> & CaseIterable>(
        _ setting: Setting, into place: inout Value
    ) throws(SettingsError) {
        try read(setting, into: &place) { (text: String) throws(ValueFlaw) in
            guard let value = Value(rawValue: text.lowercased()) else {
                let words = Value.allCases.map(\.rawValue)
                throw ValueFlaw(
                    "is not known; write \(words.dropLast().joined(separator: ", ")) or "
                        + (words.last ?? ""))
            }
            return value
        }
    }

    /// The error for a setting that was given without the one it needs.
    func incompletePair(given: Setting, missing: Setting) throws(SettingsError) -> SettingsError {
        let label = try text(given)?.source.label(given) ?? given.flag
        return SettingsError("\(label): needs \(missing.name) too; give both or neither")
    }
}

extension SettingsError {
    /// The error for a bad value: where it stands, the value, and what is wrong with it.
    init(source: SettingsSources.Source, setting: Setting, text: String, flaw: ValueFlaw) {
        let subject = QuotedValue(flaw.subject ?? text)
        self.init("\(source.label(setting)): \(subject) \(flaw.predicate)")
    }
}
