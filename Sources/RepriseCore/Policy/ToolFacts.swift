/// What a request's tools and models let the upstream see of the live world.
struct ToolFacts: Equatable {
    /// Whether a tool, a field or the model itself sees or changes the live world.
    var seesLiveWorld = false
    /// Whether a tool is of a kind that is not known here.
    var hasUnknownTool = false

    /// Reads an array of tools to its end, its opening bracket having been read.
    ///
    /// Tools that hold further `tools`, as namespaces do, are read with them.
    mutating func read(_ reader: inout JSONTokenizer, _ bytes: Span<UInt8>) throws(JSONError) {
        while let element = try reader.next(bytes), element != .endArray {
            if element == .beginObject {
                try readTool(&reader, bytes)
            } else {
                hasUnknownTool = true
                try reader.skipValue(bytes, after: element)
            }
        }
    }

    /// Reads an array of model names to its end, its opening bracket having been read.
    mutating func readModels(
        _ reader: inout JSONTokenizer, _ bytes: Span<UInt8>
    ) throws(JSONError) {
        while let element = try reader.next(bytes), element != .endArray {
            if case .string(let text) = element { note(model: JSONText.decoded(bytes, text)) }
            try reader.skipValue(bytes, after: element)
        }
    }

    /// Takes up a model's name: some models search the web without being given a tool.
    mutating func note(model: [UInt8]) {
        let slash = model.lastIndex(of: UInt8(ascii: "/"))
        let name = slash.map { Array(model[($0 + 1)...]) } ?? model
        if name.ends(withLiteral: ":online") || name.contains(literal: "-search-preview")
            || name.contains(literal: "-search-api") || name.starts(withLiteral: "compound")
            || name.starts(withLiteral: "sonar")
        {
            seesLiveWorld = true
        }
    }

    private mutating func readTool(
        _ reader: inout JSONTokenizer, _ bytes: Span<UInt8>
    ) throws(JSONError) {
        var type: JSONToken?
        // A tool without a type is one that the client defines: Anthropic's by its name, some
        // gateways' by its function.
        var isDefined = false
        while case .name(let name)? = try reader.next(bytes) {
            guard let value = try reader.next(bytes) else { return }
            func isNamed(_ literal: StaticString) -> Bool { JSONText.equals(bytes, name, literal) }
            if value != .null {
                if isNamed("type") { type = value }
                if isNamed("name") || isNamed("function") { isDefined = true }
            }
            if value == .beginArray, isNamed("tools") {
                try read(&reader, bytes)
            } else {
                try reader.skipValue(bytes, after: value)
            }
        }
        switch type {
        case nil: hasUnknownTool = hasUnknownTool || !isDefined
        case .string(let text): note(type: JSONText.decoded(bytes, text))
        default: hasUnknownTool = true
        }
    }

    private mutating func note(type: [UInt8]) {
        switch ToolKind(type: type) {
        case .runByClient: break
        case .hosted: seesLiveWorld = true
        case .unknown: hasUnknownTool = true
        }
    }
}

extension Array where Element == UInt8 {
    /// Tells whether the bytes of a literal stand anywhere in these.
    func contains(literal: StaticString) -> Bool {
        let length = literal.utf8CodeUnitCount
        guard count >= length else { return false }
        let expected = UnsafeBufferPointer(start: literal.utf8Start, count: length)
        return (0...(count - length)).contains { self[$0..<($0 + length)].elementsEqual(expected) }
    }
}
