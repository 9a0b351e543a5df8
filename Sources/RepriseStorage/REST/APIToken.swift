/// A secret that opens a store's REST API. It never shows in a description, a log line or a dump.
public struct APIToken: Sendable, Equatable {
    /// The secret itself, for the `Authorization` header only.
    let secret: String

    /// Reads a token from an environment variable.
    ///
    /// - Parameters:
    ///   - variable: The variable's name.
    ///   - environment: The environment.
    ///   - hint: Where a token comes from, for the message.
    /// - Throws: ``StoreURL/Invalid`` when it is missing, empty, longer than 4,096 bytes, or holds
    ///   anything but visible ASCII without quotes: an `Authorization` field takes no other
    ///   (RFC 6750 §2.1), and a quote was meant for the shell.
    init(
        variable: String, environment: [String: String], hint: String
    ) throws(InvalidStoreAccess) {
        guard let text = environment[variable], !text.isEmpty else {
            throw InvalidStoreAccess(description: "\(variable) is not set; \(hint)")
        }
        let isToken = text.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "'")
        }
        guard isToken, text.utf8.count <= 4096 else {
            throw InvalidStoreAccess(
                description: "\(variable) holds white space, a quote or another character that no "
                    + "token has; \(hint)")
        }
        secret = text
    }
}

extension APIToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// `(secret)`
    public var description: String { "(secret)" }
    /// `(secret)`
    public var debugDescription: String { description }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
