import RepriseCore

extension String {
    /// The UTF-8 bytes, as they stand on the wire.
    var wire: [UInt8] { Array(utf8) }
}

extension Array where Element == UInt8 {
    /// The bytes read as UTF-8, for comparing with what a test expects.
    var readable: String { String(decoding: self, as: UTF8.self) }
}

extension StaticString {
    /// The token as text.
    var readable: String { [UInt8](self).readable }
}
