import Foundation
import RepriseNetwork

/// A request's method.
enum Method: String, Sendable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"
}

/// The fields of a response, by names in lower case.
struct ReplyFields: Sendable {
    private var fields: [(name: String, value: String)] = []

    init(_ fields: HeadFields) {
        self.fields = (0..<fields.count).map { index in
            (
                String(decoding: fields.name(index), as: UTF8.self),
                String(decoding: fields.value(index), as: UTF8.self)
            )
        }
    }

    /// All values of a field, in their order.
    subscript(name: String) -> [String] {
        fields.filter { $0.name == name }.map(\.value)
    }
}

/// A whole response as a client has it.
struct Reply: Sendable {
    var status: Int
    var headers: ReplyFields
    var bytes: [UInt8]

    init(_ head: HTTP1ResponseHead, bytes: [UInt8]) {
        status = head.status
        headers = ReplyFields(head.fields)
        self.bytes = bytes
    }

    /// The body as text.
    var text: String { String(decoding: bytes, as: UTF8.self) }
    /// All values of `Cache-Status`, joined.
    var cacheStatus: String { headers["cache-status"].joined(separator: ", ") }
    /// Whether the cache answered.
    var isHit: Bool { cacheStatus.contains("reprise; hit") }
    /// Whether the upstream answered, and the answer was stored.
    var isStoredMiss: Bool { cacheStatus == "reprise; fwd=uri-miss; stored" }
    /// The `error.code` of an error made by the proxy; nil for any other body.
    var errorCode: String? { ProxyErrorBody(text)?.code }

    /// A field's only value; nil when there is none or more than one.
    func field(_ name: String) -> String? {
        let values = headers[name]
        return values.count == 1 ? values.first : nil
    }
}

/// An error in the shape of the OpenAI API, as the proxy makes it.
struct ProxyErrorBody: Decodable {
    private struct Members: Decodable {
        var message: String
        var type: String
        var param: String?
        var code: String
    }

    private var error: Members

    /// The token for programs.
    var code: String { error.code }
    /// The text for people.
    var message: String { error.message }

    /// Reads a body; nil when it is not such an error, of type `reprise_error`.
    init?(_ text: String) {
        // Not being one is what the caller asks about.
        guard let body = try? JSONDecoder().decode(Self.self, from: Data(text.utf8)),
            body.error.type == "reprise_error", !body.error.message.isEmpty
        else { return nil }
        self = body
    }
}
