/// Why the proxy cannot be started with the settings given: one line for the person who gave them.
public struct SettingsError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong, where, and what to write instead; one line, without a credential.
    public let message: String

    /// The exit code for it: `EX_USAGE` of `sysexits.h`.
    public static let exitCode: Int32 = 64

    init(_ message: String) {
        self.message = message
    }

    /// The message.
    public var description: String { message }
}

/// Why a text is not the value of a setting: a predicate such as `is not a size; write 256MB`.
struct ValueFlaw: Error, Equatable {
    /// What follows the quoted value in a message.
    let predicate: String
    /// The part of the value to quote instead of all of it.
    let subject: String?

    init(_ predicate: String, subject: String? = nil) {
        self.predicate = predicate
        self.subject = subject
    }
}
