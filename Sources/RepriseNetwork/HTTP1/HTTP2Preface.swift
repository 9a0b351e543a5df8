/// The bytes by which a client begins to speak HTTP/2 (RFC 9113 §3.4).
public enum HTTP2Preface {
    /// What bytes are.
    public enum Match: Equatable, Sendable {
        /// They are not the preface, nor its beginning.
        case no
        /// They are its beginning, or nothing yet.
        case maybe
        /// They begin with the preface.
        case yes
    }

    /// The preface.
    public static let bytes = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// Tells whether a connection begins with the preface, at the first byte that decides it.
    ///
    /// - Parameter start: All that has come on the connection so far.
    public static func match(_ start: Span<UInt8>) -> Match {
        for index in 0..<min(start.count, bytes.count) where start[index] != bytes[index] {
            return .no
        }
        return start.count < bytes.count ? .maybe : .yes
    }
}
