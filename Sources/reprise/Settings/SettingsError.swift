/// Why the proxy cannot be started with the settings given: one line for the person who gave them.
struct SettingsError: Error, Equatable, CustomStringConvertible {
    /// What is wrong, where, and what to write instead; one line, without a credential.
    let message: String

    init(_ message: String) {
        self.message = message
    }

    /// The message.
    var description: String { message }
}

/// Why a text is not the value of a setting: a predicate such as `is not a size; write 256MB`.
struct ValueFlaw: Error, Equatable {
    /// What is quoted in front of the predicate.
    enum Subject: Equatable {
        /// The value.
        case value
        /// This instead of the value.
        case text(String)
        /// Nothing: the predicate is a sentence.
        case nothing
    }

    /// What follows the quoted value in a message.
    let predicate: String
    /// What is quoted.
    let subject: Subject

    init(_ predicate: String, subject: Subject = .value) {
        self.predicate = predicate
        self.subject = subject
    }
}
