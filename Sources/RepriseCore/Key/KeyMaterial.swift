/// The bytes whose SHA-256 is the key of a request.
///
/// The material is a sequence of elements, and an element is a list of byte strings: the number of
/// strings, then for each its length and its bytes. Numbers are 64 bits, most significant byte first.
/// An absent value is an empty list, so it differs from an empty string; repeated values are several
/// strings, so they differ from one joined value. Each element says where it ends and the elements
/// stand in a fixed order, so two requests have the same material only if all elements are equal.
///
/// | element | strings |
/// | --- | --- |
/// | scheme | `reprise-key-1` |
/// | upstream | the base URL |
/// | method | one |
/// | path | one |
/// | query | none without a `?`, else one |
/// | media type | one |
/// | accept | `text/event-stream` when `Accept` names it, else none |
/// | sharing | `own`, or `shared` when credentials are shared |
/// | credentials | name and value of each credential; none when credentials are shared |
/// | headers | name and value of each other header in the key |
/// | namespace | none or one |
/// | body | the canonical body |
///
/// A header that is present several times gives a name and a value each time. The names of credentials
/// stand in the order of their bytes, the others in that of ``scopeHeaders``, and the values of one
/// name in the order they came.
public enum KeyMaterial {
    /// Builds the material of a request.
    ///
    /// - Parameters:
    ///   - upstream: The upstream's base URL.
    ///   - head: The head as the upstream is to see it, with all its credentials.
    ///   - mediaType: The body's media type in lower case, without parameters.
    ///   - namespace: The namespace that the client chose, nil for none.
    ///   - sharesCredentials: Whether a response may answer a request with another credential.
    ///   - canonicalBody: What ``CanonicalJSON`` made of the body.
    public static func build(
        upstream: [UInt8], head: RequestHead, mediaType: [UInt8], namespace: [UInt8]?,
        sharesCredentials: Bool, canonicalBody: Span<UInt8>
    ) -> [UInt8] {
        var material: [UInt8] = []
        material.reserveCapacity(1024 + canonicalBody.count)
        appendOne("reprise-key-1", to: &material)
        appendOne(upstream.span, to: &material)
        appendOne(head.method.span, to: &material)
        appendOne(head.path.span, to: &material)
        appendOptional(head.query, to: &material)
        appendOne(mediaType.span, to: &material)
        if acceptsEventStream(head.headers) {
            appendOne(eventStream, to: &material)
        } else {
            appendNumber(0, to: &material)
        }
        appendOne(sharesCredentials ? "shared" : "own", to: &material)
        appendFields(sharesCredentials ? [] : credentials(of: head), to: &material)
        appendFields(scopeFields(of: head), to: &material)
        appendOptional(namespace, to: &material)
        appendOne(canonicalBody, to: &material)
        return material
    }

    /// The bytes whose SHA-256 stands in an entry as its credential scope.
    ///
    /// They are laid out like a request's material, but begin with `reprise-scope-1`, so neither can
    /// pass for the other; the only other element is that of the credentials.
    public static func credentialScope(of head: RequestHead) -> [UInt8] {
        var material: [UInt8] = []
        material.reserveCapacity(256)
        appendOne("reprise-scope-1", to: &material)
        appendFields(credentials(of: head), to: &material)
        return material
    }

    /// The other headers that the key holds, in the order of the material.
    static let scopeHeaders: [StaticString] = [
        "openai-organization", "openai-project", "openai-beta", "anthropic-version",
        "anthropic-beta",
    ]

    private static let eventStream: StaticString = "text/event-stream"

    private static func credentials(of head: RequestHead) -> [HeaderField] {
        let fields = head.headers.filter { field in isCredential(field.name.span) }
        guard fields.count > 1 else { return fields }
        let sorted = fields.indices.sorted { left, right in
            fields[left].name == fields[right].name
                ? left < right
                : fields[left].name.lexicographicallyPrecedes(fields[right].name)
        }
        return sorted.map { fields[$0] }
    }

    private static func scopeFields(of head: RequestHead) -> [HeaderField] {
        scopeHeaders.flatMap { name in head.headers.filter { $0.isNamed(name) } }
    }

    private static func appendFields(_ fields: [HeaderField], to material: inout [UInt8]) {
        appendNumber(fields.count * 2, to: &material)
        for field in fields {
            appendString(field.name.span, to: &material)
            appendString(field.value.span, to: &material)
        }
    }

    private static func appendOptional(_ value: [UInt8]?, to material: inout [UInt8]) {
        if let value {
            appendOne(value.span, to: &material)
        } else {
            appendNumber(0, to: &material)
        }
    }

    private static func appendOne(_ value: Span<UInt8>, to material: inout [UInt8]) {
        appendNumber(1, to: &material)
        appendString(value, to: &material)
    }

    private static func appendOne(_ literal: StaticString, to material: inout [UInt8]) {
        appendNumber(1, to: &material)
        appendNumber(literal.utf8CodeUnitCount, to: &material)
        material.append(literal: literal)
    }

    private static func appendString(_ value: Span<UInt8>, to material: inout [UInt8]) {
        appendNumber(value.count, to: &material)
        material.append(copying: value)
    }

    private static func appendNumber(_ number: Int, to material: inout [UInt8]) {
        // All bytes at once; the pointer does not leave the call.
        withUnsafeBytes(of: UInt64(number).bigEndian) { material.append(contentsOf: $0) }
    }

    /// Tells whether a media range of `Accept` (RFC 9110 §12.5.1) is `text/event-stream`.
    static func acceptsEventStream(_ headers: [HeaderField]) -> Bool {
        headers.contains { field in
            field.isNamed("accept") && namesEventStream(field.value.span)
        }
    }

    /// Compares each range's essence, white space apart and ASCII letters in either case.
    private static func namesEventStream(_ ranges: Span<UInt8>) -> Bool {
        let length = eventStream.utf8CodeUnitCount
        /// Bytes that are equal so far; nil once one has differed, or the parameters have begun.
        var matched: Int? = 0
        for index in ranges.indices {
            let byte = ranges[index]
            if byte == UInt8(ascii: ",") {
                if matched == length { return true }
                matched = 0
            } else if byte == UInt8(ascii: ";") {
                if matched == length { return true }
                matched = nil
            } else if let count = matched, !JSONScan.isSpace(byte) {
                let folded = 0x41...0x5A ~= byte ? byte | 0x20 : byte
                let isEqual = count < length && folded == eventStream.utf8Start[count]
                matched = isEqual ? count + 1 : nil
            }
        }
        return matched == length
    }
}
