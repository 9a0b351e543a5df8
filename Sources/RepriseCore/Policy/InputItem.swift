/// What matters of one item of a Responses `input`.
struct InputItem {
    /// Whether it has a `type`.
    private(set) var hasType = false
    /// Whether it has an `id`.
    private(set) var hasID = false
    /// Whether it has a `role`.
    private(set) var hasRole = false
    /// Whether it, or an object anywhere within it, is of type `item_reference`.
    private(set) var holdsReference = false

    /// Reads an item to its end, its opening bracket having been read.
    ///
    /// - Parameters:
    ///   - tools: Takes up the tools that the item adds to the request, as `additional_tools` and
    ///     `tool_search_output` do.
    init(
        _ reader: inout JSONTokenizer, _ bytes: Span<UInt8>, tools: inout ToolFacts
    ) throws(JSONError) {
        while case .name(let name)? = try reader.next(bytes) {
            guard let value = try reader.next(bytes) else { return }
            func isNamed(_ literal: StaticString) -> Bool { JSONText.equals(bytes, name, literal) }
            if value != .null {
                if isNamed("type") { hasType = true }
                if isNamed("id") { hasID = true }
                if isNamed("role") { hasRole = true }
            }
            noteReference(name, value, bytes)
            if value == .beginArray, isNamed("tools") {
                try tools.read(&reader, bytes)
            } else if value == .beginObject || value == .beginArray {
                try readNested(&reader, bytes)
            }
        }
    }

    /// Looks for references in a container to its end, its opening bracket having been read.
    private mutating func readNested(
        _ reader: inout JSONTokenizer, _ bytes: Span<UInt8>
    ) throws(JSONError) {
        var depth = 1
        var name: Range<Int>?
        while depth > 0, let token = try reader.next(bytes) {
            switch token {
            case .beginObject, .beginArray: depth += 1
            case .endObject, .endArray: depth -= 1
            case .name(let range):
                name = range
                continue
            default:
                if let name { noteReference(name, token, bytes) }
            }
            name = nil
        }
    }

    private mutating func noteReference(
        _ name: Range<Int>, _ value: JSONToken, _ bytes: Span<UInt8>
    ) {
        if case .string(let text) = value, JSONText.equals(bytes, name, "type"),
            JSONText.equals(bytes, text, "item_reference")
        {
            holdsReference = true
        }
    }
}
