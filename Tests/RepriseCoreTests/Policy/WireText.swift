import Foundation
import RepriseCore

extension String {
    /// The UTF-8 bytes, as they stand on the wire.
    var wire: [UInt8] { Array(utf8) }
}

extension Array where Element == UInt8 {
    /// The bytes read as UTF-8, for comparing with what a test expects.
    var readable: String { String(decoding: self, as: UTF8.self) }
}

extension HeaderField {
    /// Makes a field from text.
    init(_ name: String, _ value: String) {
        self.init(name: name.wire, value: value.wire)
    }
}

extension StaticString {
    /// The token as text.
    var readable: String { [UInt8](self).readable }
}

/// A table in `Tests/Vectors`, which other builds of the core run too.
enum VectorTable {
    /// Reads a table.
    ///
    /// - Parameter name: The name of its file.
    static func load<Row: Decodable>(_ name: String, of row: Row.Type) throws -> [Row] {
        let file = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Vectors").appendingPathComponent(name)
        return try JSONDecoder().decode([Row].self, from: Data(contentsOf: file))
    }
}
