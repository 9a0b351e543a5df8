/// The settings that ask for what this build does not have yet.
///
/// They are declared and read like all others; as one of them comes to work, its line goes.
enum UnavailableSettings {
    /// Refuses to serve with settings that would be without effect.
    static func check(_ settings: ServerSettings) throws(SettingsError) {
        for (name, names) in [
            ("ignore-header", settings.ignoredHeaders), ("key-header", settings.keyHeaders),
        ] where !names.isEmpty {
            throw SettingsError("\(name): this build does not have it yet; leave it out")
        }
    }
}
