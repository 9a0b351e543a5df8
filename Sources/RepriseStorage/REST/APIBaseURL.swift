import Foundation

/// The address below which a store's REST API has its paths: a scheme, a host, perhaps a port and a
/// path, without a slash at its end.
struct APIBaseURL: Sendable, Equatable {
    /// The address as text.
    let text: String

    /// Reads an address from an environment variable.
    ///
    /// - Parameters:
    ///   - text: The variable's value.
    ///   - variable: Its name, for the message.
    ///   - example: A right value, for the message.
    /// - Throws: ``StoreURL/Invalid`` for anything but an `https:` or `http:` URL with a host and
    ///   without user, query and fragment. The message does not quote it, since a token may have
    ///   been put there.
    init(
        parsing text: String, variable: String, example: String
    ) throws(StoreURL.Invalid) {
        var text = text
        while text.hasSuffix("/") { text.removeLast() }
        guard text.utf8.count <= 2048, let parts = URLComponents(string: text),
            let scheme = parts.scheme?.lowercased(), scheme == "https" || scheme == "http",
            let host = parts.host, !host.isEmpty,
            parts.user == nil, parts.password == nil, parts.query == nil, parts.fragment == nil
        else {
            throw StoreURL.Invalid(
                description: "\(variable) is not the URL of a REST API; write it like \(example)")
        }
        self.text = text
    }
}
