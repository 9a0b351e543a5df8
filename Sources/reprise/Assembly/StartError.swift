/// Why the proxy cannot start: one line for standard error.
struct StartError: Error {
    /// What is wrong.
    let message: String

    /// Makes an error.
    init(_ message: String) {
        self.message = message
    }
}
