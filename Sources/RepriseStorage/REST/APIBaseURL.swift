internal import RepriseCore
internal import RepriseNetwork

/// The address below which a store's REST API has its paths: a scheme, a host, perhaps a port and a
/// path, without a slash at its end.
struct APIBaseURL: Sendable, Equatable {
    private let url: BaseURL

    /// The address as text.
    var text: String { String(decoding: url.text, as: UTF8.self) }
    /// What to connect to.
    var origin: Origin {
        Origin(
            isSecure: url.isSecure, host: String(decoding: url.host, as: UTF8.self),
            port: url.port)
    }
    /// What stands before every path of the API.
    var path: String { String(decoding: url.path, as: UTF8.self) }

    /// Reads an address from an environment variable.
    ///
    /// - Parameters:
    ///   - text: The variable's value.
    ///   - variable: Its name, for the message.
    ///   - example: A right value, for the message.
    /// - Throws: For anything but an `https:` or `http:` URL with a host and without user, query and
    ///   fragment.
    init(
        parsing text: String, variable: String, example: String
    ) throws(InvalidStoreAccess) {
        guard text.utf8.count <= 2048, let url = try? BaseURL(parsing: Array(text.utf8)) else {
            throw InvalidStoreAccess(
                description: "\(variable) is not the URL of a REST API; write it like \(example)")
        }
        self.url = url
    }
}
