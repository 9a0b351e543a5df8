internal import RepriseCore

/// A JSON value whose members keep their order, so that answers look like those of the real API.
enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([(String, JSONValue)])

    /// A string, or null for nil.
    static func optional(_ text: String?) -> JSONValue {
        text.map { .string($0) } ?? .null
    }

    /// The value of the first member called `name`; nil for other kinds of value.
    subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.0 == name }?.1
    }

    /// The text of a string; nil for other kinds of value.
    var stringValue: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The value of an integer; nil for other kinds of value.
    var integerValue: Int? {
        guard case .integer(let value) = self else { return nil }
        return value
    }

    /// Whether the value is `true`.
    var isTrue: Bool {
        guard case .bool(true) = self else { return false }
        return true
    }

    /// Whether the value is `null`.
    var isNull: Bool {
        guard case .null = self else { return false }
        return true
    }

    /// The elements of an array; nil for other kinds of value.
    var elements: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// A string.
    init(stringLiteral value: String) {
        self = .string(value)
    }

    /// An integer.
    init(integerLiteral value: Int) {
        self = .integer(value)
    }

    /// A boolean.
    init(booleanLiteral value: Bool) {
        self = .bool(value)
    }

    /// An array.
    init(arrayLiteral elements: JSONValue...) {
        self = .array(elements)
    }

    /// An object with its members in this order.
    init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements)
    }
}

extension JSONValue {
    /// The document on one line.
    var text: String {
        var output: [UInt8] = []
        append(to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    private func append(to output: inout [UInt8]) {
        switch self {
        case .null: output += "null".utf8
        case .bool(let value): output += (value ? "true" : "false").utf8
        case .integer(let value): output += String(value).utf8
        case .number(let value): output += "\(value)".utf8
        case .string(let text): JSONText.appendQuoted(Array(text.utf8).span, to: &output)
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                element.append(to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let members):
            output.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                JSONText.appendQuoted(Array(member.0.utf8).span, to: &output)
                output.append(UInt8(ascii: ":"))
                member.1.append(to: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
    }
}
