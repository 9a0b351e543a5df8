@testable import reprise

/// A home, so that there is a default store.
let home = ["HOME": "/home/ada"]

/// The settings when nothing is given.
let standard: ServerSettings = {
    var settings = ServerSettings()
    #if os(macOS)
        settings.store = .sqlite(path: "/home/ada/Library/Caches/reprise/reprise.db")
    #else
        settings.store = .sqlite(path: "/home/ada/.cache/reprise/reprise.db")
    #endif
    return settings
}()

/// Surroundings with these files.
func surroundings(
    _ environment: [String: String] = [:], files: [String: [UInt8]] = [:]
) -> Surroundings {
    Surroundings(environment: home.merging(environment) { $1 }, directory: "/srv/work") {
        (path: String) throws(Surroundings.FileFlaw) in
        guard let file = files[path] else { throw .missing }
        return file
    }
}

/// Loads settings from the sources given.
func load(
    flags: [String: [String]] = [:], environment: [String: String] = [:]
) throws -> ServerSettings {
    try SettingsLoader.load(flags: flags, in: surroundings(environment)).settings
}

/// Loads the settings of a file with this name and text.
func load(
    file name: String, _ text: String, flags: [String: [String]] = [:],
    environment: [String: String] = [:]
) throws -> ServerSettings {
    try SettingsLoader.load(
        flags: flags.merging(["config": [name]]) { $1 },
        in: surroundings(environment, files: [name: Array(text.utf8)])
    ).settings
}

/// The warnings that loading these sources gives.
func warnings(
    flags: [String: [String]] = [:], environment: [String: String] = [:]
) throws -> [String] {
    try SettingsLoader.load(flags: flags, in: surroundings(environment)).warnings
}

/// The message of the error that loading these sources ends with; nil when they are good.
func message(
    flags: [String: [String]] = [:], environment: [String: String] = [:],
    files: [String: [UInt8]] = [:]
) -> String? {
    do throws(SettingsError) {
        _ = try SettingsLoader.load(flags: flags, in: surroundings(environment, files: files))
        return nil
    } catch {
        return error.message
    }
}

/// The message of the error that loading this file ends with; nil when it is good.
func message(file name: String, _ text: String) -> String? {
    message(flags: ["config": [name]], files: [name: Array(text.utf8)])
}
