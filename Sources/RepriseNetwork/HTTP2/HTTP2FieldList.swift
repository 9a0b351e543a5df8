/// The fields of a response in one piece of memory, made once and filled again for each.
///
/// What may not stand in HTTP/2 is left out: fields that belong to a connection (RFC 9113 §8.2.2), and
/// those whose value would make the client refuse the response.
public struct HTTP2FieldList: Sendable {
    private(set) var bytes: [UInt8] = []
    /// Where each name and each value ends.
    private(set) var ends: [(name: Int, value: Int)] = []

    /// Makes a list without fields.
    public init() {}

    /// Takes all fields out and begins with the status of another response.
    public mutating func begin(status: Int) {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        append(":status", number: Int64(status))
    }

    /// Adds a field.
    ///
    /// - Parameter name: In lower case.
    public mutating func append(name: Span<UInt8>, value: Span<UInt8>) {
        guard name.isToken, value.isFieldValue, !Self.belongsToConnection(name) else { return }
        bytes.append(copying: name)
        let end = bytes.count
        bytes.append(copying: value.extracting(value.trimmingBlanks(0..<value.count)))
        ends.append((end, bytes.count))
    }

    /// Adds a field whose value is written by a closure, without a line end.
    ///
    /// - Parameter name: In lower case, and none that belongs to a connection.
    public mutating func append(_ name: StaticString, value: (inout [UInt8]) -> Void) {
        bytes.append(name)
        let end = bytes.count
        value(&bytes)
        ends.append((end, bytes.count))
    }

    /// Adds a field whose value is a number.
    public mutating func append(_ name: StaticString, number: Int64) {
        append(name) { HTTP1MessageWriter.appendDecimal(number, to: &$0) }
    }

    private static func belongsToConnection(_ name: Span<UInt8>) -> Bool {
        switch name.count {
        case 7: name.equals("upgrade")
        case 10: name.equals("connection") || name.equals("keep-alive")
        case 16: name.equals("proxy-connection")
        case 17: name.equals("transfer-encoding")
        default: false
        }
    }
}
