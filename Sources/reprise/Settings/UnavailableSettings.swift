/// The settings that ask for what this build does not have yet.
///
/// They are declared and read like all others; as one of them comes to work, its line goes.
enum UnavailableSettings {
    /// Refuses settings that this build cannot follow.
    static func check(
        _ settings: ServerSettings, _ sources: SettingsSources
    ) throws(SettingsError) {
        if settings.tlsCertificate != nil {
            throw SettingsError(
                "\(sources.label(named: "tls-cert")): this build does not have TLS yet; leave it out"
            )
        }
    }
}
