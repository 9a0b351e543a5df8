import Foundation

/// A file of `Tests/Vectors`, which the tests of the Worker read too.
enum VectorFile {
    /// Reads a file.
    ///
    /// - Parameter name: The file's name with its extension.
    static func decode<Content: Decodable>(
        _ name: String, as type: Content.Type = Content.self, from source: String = #filePath
    ) throws -> Content {
        let tests = URL(fileURLWithPath: source)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let file = tests.appendingPathComponent("Vectors").appendingPathComponent(name)
        return try JSONDecoder().decode(type, from: Data(contentsOf: file))
    }
}
