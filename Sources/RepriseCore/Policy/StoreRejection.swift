/// Why a response is not stored.
public enum StoreRejection: Error, Equatable, Sendable, CaseIterable {
    /// The status is not 200.
    case status
    /// HTTP framing did not prove the body whole (RFC 9112 §8).
    case framing
    /// The response has another `Content-Encoding` than `identity`.
    case contentEncoding
    /// The endpoint does not answer with this media type.
    case contentType
    /// `Vary: *`: the response depends on what no key can hold (RFC 9110 §12.5.5).
    case vary
    /// The body has no byte.
    case empty
    /// The stream ended before its terminal marker.
    case truncated
    /// The stream went on after its terminal marker.
    case trailingData
    /// An event says that the stream failed.
    case errorEvent
    /// A body or an event's data is not JSON, or not an object.
    case notJSON
    /// The body or an event carries a non-null `error`.
    case errorBody
    /// A choice did not finish, or not for a reason that may be stored.
    case finishReason
    /// The `status` of a Responses answer is not `completed`.
    case notCompleted
    /// An image is given by its URL, which expires, and not by its bytes.
    case imageURL
    /// An event is larger than the judge's bound.
    case eventTooLarge
    /// The body is longer than the entry limit.
    case tooLarge

    /// The token for `Cache-Status`, logs and counters.
    public var detail: StaticString {
        switch self {
        case .status: "status"
        case .framing: "framing"
        case .contentEncoding: "content-encoding"
        case .contentType: "content-type"
        case .vary: "vary"
        case .empty: "empty"
        case .truncated: "truncated"
        case .trailingData: "trailing-data"
        case .errorEvent: "error-event"
        case .notJSON: "not-json"
        case .errorBody: "error-body"
        case .finishReason: "finish-reason"
        case .notCompleted: "not-completed"
        case .imageURL: "image-url"
        case .eventTooLarge: "event-too-large"
        case .tooLarge: "too-large"
        }
    }
}
