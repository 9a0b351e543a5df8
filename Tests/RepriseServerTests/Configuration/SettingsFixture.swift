import Foundation

@testable import RepriseServer

/// Loads settings from the sources given; a file's text is put into a temporary folder.
func load(
    flags: [Setting: [String]] = [:], environment: [String: String] = [:]
) async throws -> ServerSettings {
    try await SettingsLoader.load(flags: flags, environment: environment).settings
}

/// Loads the settings of a file with this name and text.
func load(
    file name: String, _ text: String, flags: [Setting: [String]] = [:],
    environment: [String: String] = [:]
) async throws -> ServerSettings {
    try await withFile(name, text) { path in
        try await load(
            flags: flags.merging([.configFile: [path]]) { $1 }, environment: environment)
    }
}

/// The message of the error that loading these sources ends with; nil when they are good.
func message(
    flags: [Setting: [String]] = [:], environment: [String: String] = [:]
) async -> String? {
    do {
        _ = try await SettingsLoader.load(flags: flags, environment: environment)
        return nil
    } catch {
        return error.message
    }
}

/// The message of the error that loading this file ends with, without the path of its folder; nil
/// when it is good.
func message(file name: String, _ text: String) async throws -> String? {
    try await withFile(name, text) { path in
        let folder = path.dropLast(name.count)
        return await message(flags: [.configFile: [path]])?.replacing(folder, with: "")
    }
}

/// Writes a file into a folder of its own, which is deleted afterwards.
func withFile<Value>(
    _ name: String, _ text: String, _ body: (_ path: String) async throws -> Value
) async throws -> Value {
    let folder = FileManager.default.temporaryDirectory
        .appending(component: "reprise-\(UUID().uuidString)", directoryHint: .isDirectory)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer {
        // A folder left behind harms nothing.
        try? FileManager.default.removeItem(at: folder)
    }
    let file = folder.appending(component: name)
    try Data(text.utf8).write(to: file)
    return try await body(file.path)
}
