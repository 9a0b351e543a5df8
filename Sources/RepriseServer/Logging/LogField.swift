import Logging

/// One piece of a message's metadata: a key and a value with nothing nested in it.
struct LogField {
    /// The name; for nested metadata the keys on the way, joined by dots.
    let key: String
    /// What it says.
    let value: Value

    /// A value as a log line can hold it.
    enum Value {
        /// Any text.
        case text(String)
        /// A number or a truth value as JSON writes it.
        case literal(String)
        /// The members of an array; what is nested in them is described as text.
        case list([Value])
    }

    /// The fields of `metadata`, sorted by key, so that equal messages give equal lines.
    static func flattened(_ metadata: Logger.Metadata) -> [LogField] {
        var fields: [LogField] = []
        append(metadata, prefix: "", to: &fields)
        return fields.sorted { $0.key < $1.key }
    }

    private static func append(
        _ metadata: Logger.Metadata, prefix: String, to fields: inout [LogField]
    ) {
        for (key, value) in metadata {
            if case .dictionary(let nested) = value {
                append(nested, prefix: prefix + key + ".", to: &fields)
            } else {
                fields.append(LogField(key: prefix + key, value: Value(value)))
            }
        }
    }
}

extension LogField.Value {
    /// Sorts a metadata value into text, numbers and lists.
    init(_ value: Logger.MetadataValue) {
        switch value {
        case .string(let text): self = .text(text)
        case .stringConvertible(let number as any BinaryInteger & Sendable):
            self = .literal(number.description)
        case .stringConvertible(let truth as Bool): self = .literal(truth.description)
        // JSON has no infinity and no NaN.
        case .stringConvertible(let number as Double) where number.isFinite:
            self = .literal(number.description)
        case .stringConvertible(let other): self = .text(other.description)
        case .array(let members): self = .list(members.map { LogField.Value($0) })
        case .dictionary: self = .text(value.description)
        }
    }
}
