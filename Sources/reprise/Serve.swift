/// `reprise serve`: the proxy.
enum Serve {
    /// Reads the settings and serves until a signal says stop.
    ///
    /// - Returns: The exit code.
    static func run(flags: [String: [String]], in surroundings: Surroundings) -> Int32 {
        let loaded: SettingsLoader.Result
        do throws(SettingsError) {
            loaded = try SettingsLoader.load(flags: flags, in: surroundings)
        } catch {
            StandardStreams.complain(error.message)
            return ExitStatus.usage
        }
        for warning in loaded.warnings { StandardStreams.complain("warning: \(warning)") }
        return run(loaded.settings)
    }

    /// Serves with these settings until a signal says stop.
    static func run(_ settings: ServerSettings) -> Int32 {
        StandardStreams.complain("serve is not here yet")
        return ExitStatus.unavailable
    }
}
