import RepriseCore

/// What a header field of a request means to the hit path.
enum FieldKind: Equatable {
    /// Neither the framing, the key nor the policy depends on it.
    case indifferent
    /// It asks for something that only the full path can do.
    case special
    case host
    case connection
    case contentLength
    /// The key or the policy depends on it; its number is its place in ``keyedNames``.
    case keyed(UInt32)
    /// `Cache-Control` or one of `X-Proxy-*`.
    case directive

    /// Marks the target among the keyed parts.
    static let targetMark: UInt8 = 0xF0
    /// Marks a directive among the keyed parts.
    static let directiveMark: UInt8 = 0xF1
    /// Marks the end of the keyed parts.
    static let endMark: UInt8 = 0xFF

    /// The number of `content-type` among the keyed fields.
    static let contentType: UInt32 = 0

    /// The fields that ``RequestPolicy`` and ``KeyMaterial`` look at, directives apart.
    static let keyedNames: [StaticString] = [
        "content-type", "accept", "authorization", "api-key", "x-api-key", "x-goog-api-key",
        "openai-organization", "openai-project", "openai-beta", "anthropic-version",
        "anthropic-beta",
    ]

    /// Sorts a field by its name, in whatever case it is written.
    ///
    /// - Parameter name: A token.
    init(_ name: Span<UInt8>) {
        @inline(__always)
        func isNamed(_ literal: StaticString) -> Bool {
            HTTPBytes.equalsFolded(name, literal)
        }
        @inline(__always)
        func keyed(_ number: UInt32) -> FieldKind {
            isNamed(Self.keyedNames[Int(number)]) ? .keyed(number) : .indifferent
        }
        self = .indifferent
        switch name.count {
        case 2: if isNamed("te") { self = .special }
        case 4: if isNamed("host") { self = .host }
        case 6: self = isNamed("expect") ? .special : keyed(1)
        case 7: self = isNamed("upgrade") || isNamed("trailer") ? .special : keyed(3)
        case 9: self = keyed(4)
        case 10: if isNamed("connection") { self = .connection }
        case 11: self = keyed(8)
        case 12: self = keyed(0)
        case 13: self = isNamed("cache-control") ? .directive : keyed(2)
        case 14:
            if isNamed("content-length") {
                self = .contentLength
            } else if isNamed("http2-settings") {
                self = .special
            } else {
                for number: UInt32 in [5, 7, 10] where self == .indifferent {
                    self = keyed(number)
                }
            }
        case 16:
            if isNamed("content-encoding") || isNamed("proxy-connection") { self = .special }
        case 17: self = isNamed("transfer-encoding") ? .special : keyed(9)
        case 19: self = keyed(6)
        default: break
        }
        guard case .indifferent = self else { return }
        if HTTPBytes.hasFoldedPrefix(name, "x-proxy-") {
            self = .directive
        } else if KeyMaterial.isCredential(name) {
            // The full path puts every other credential into the key.
            self = .special
        }
    }
}
