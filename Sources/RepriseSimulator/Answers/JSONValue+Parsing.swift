internal import RepriseCore

extension JSONValue {
    /// Reads a document; nil when it is not JSON, is nested too deep, or holds a
    /// number that is too large.
    ///
    /// Numbers that are whole, however they are spelt, are integers.
    init?(parsing bytes: Span<UInt8>) {
        var tokenizer = JSONTokenizer()
        // What is wrong with the document is of no interest: the answer is a 400 in any case.
        do throws(JSONError) {
            guard let token = try tokenizer.next(bytes),
                let value = try Self.read(token, bytes, &tokenizer),
                try tokenizer.next(bytes) == nil
            else { return nil }
            self = value
        } catch {
            return nil
        }
    }

    /// Reads the value that a token begins. It goes no deeper than the tokenizer does.
    private static func read(
        _ token: JSONToken, _ bytes: Span<UInt8>, _ tokenizer: inout JSONTokenizer
    ) throws(JSONError) -> JSONValue? {
        switch token {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .string(let range): return .string(text(bytes, range))
        case .number(let range): return number(bytes, range)
        case .beginArray:
            var elements: [JSONValue] = []
            while let next = try tokenizer.next(bytes), next != .endArray {
                guard let element = try read(next, bytes, &tokenizer) else { return nil }
                elements.append(element)
            }
            return .array(elements)
        case .beginObject:
            var members: [(String, JSONValue)] = []
            while case .name(let name)? = try tokenizer.next(bytes) {
                guard let next = try tokenizer.next(bytes),
                    let value = try read(next, bytes, &tokenizer)
                else { return nil }
                members.append((text(bytes, name), value))
            }
            return .object(members)
        case .name, .endArray, .endObject: return nil
        }
    }

    private static func text(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
        String(decoding: JSONText.decoded(bytes, range), as: UTF8.self)
    }

    private static func number(_ bytes: Span<UInt8>, _ range: Range<Int>) -> JSONValue? {
        if let value = JSONText.integer(bytes, range).flatMap({ Int(exactly: $0) }) {
            return .integer(value)
        }
        let text = bytes.extracting(range).withUnsafeBufferPointer {
            String(decoding: $0, as: UTF8.self)
        }
        guard let value = Double(text), value.isFinite else { return nil }
        return .number(value)
    }
}
