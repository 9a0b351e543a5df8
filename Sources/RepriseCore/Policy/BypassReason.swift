/// Why a request is forwarded without the cache being asked, and its answer not stored.
public enum BypassReason: Equatable, Sendable, CaseIterable {
    /// The method is not `POST`.
    case method
    /// The path is not on the allowlist of cacheable endpoints.
    case endpoint
    /// `X-Proxy-TTL: 0`.
    case ttlZero
    /// The `Content-Type` is absent, repeated, or not `application/json`.
    case mediaType
    /// The `Content-Type` names another charset than UTF-8.
    case charset
    /// The body has another `Content-Encoding` than `identity`.
    case contentEncoding
    /// The body is not JSON (RFC 8259).
    case invalidJSON
    /// An object in the body has two members of one name.
    case duplicateName
    /// A string in the body has an unpaired surrogate.
    case loneSurrogate
    /// The body is nested deeper than 128 levels.
    case tooDeep
    /// The body is JSON, but not an object.
    case notAnObject
    /// `background` is true: the answer comes later.
    case background
    /// `conversation` names a mutable conversation.
    case conversation
    /// The input refers to an item that is stored upstream.
    case itemReference
    /// `prompt` names a stored prompt without its version.
    case unversionedPrompt
    /// `store` is true on chat completions: the client wants the completion kept upstream.
    case stored
    /// A tool, a field or the model sees or changes the live world; `X-Proxy-TTL` opts in.
    case hostedTool
    /// A tool's type is unknown here, so it might see the live world; `X-Proxy-TTL` opts in.
    case unknownTool

    /// The token that `Cache-Status` carries as its `detail` (RFC 9211 §2.8).
    public var detail: StaticString {
        switch self {
        case .method: "method"
        case .endpoint: "endpoint"
        case .ttlZero: "ttl-zero"
        case .mediaType: "media-type"
        case .charset: "charset"
        case .contentEncoding: "content-encoding"
        case .invalidJSON: "invalid-json"
        case .duplicateName: "duplicate-name"
        case .loneSurrogate: "lone-surrogate"
        case .tooDeep: "too-deep"
        case .notAnObject: "not-an-object"
        case .background: "background"
        case .conversation: "conversation"
        case .itemReference: "item-reference"
        case .unversionedPrompt: "unversioned-prompt"
        case .stored: "stored"
        case .hostedTool: "hosted-tool"
        case .unknownTool: "unknown-tool"
        }
    }
}
