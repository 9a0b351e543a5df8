import NIOCore
import RepriseCore

extension PlainRequest {
    /// All fields of the head but `Host`, in order, as the full parser gives them.
    ///
    /// - Parameter buffer: Begins with the request, which ``scan(_:keyed:)`` has found plain.
    func fields(in buffer: ByteBuffer) -> [HeaderField] {
        let bytes = buffer.readableBytesUInt8Span
        let end = min(headLength, bytes.count)
        let lineEnd = "\r\n".utf8.count
        var fields: [HeaderField] = []
        fields.reserveCapacity(24)
        var position = HTTPBytes.endOfPrintable(bytes, from: 0, to: end, lowest: 0x20) + lineEnd
        while position < end, bytes[position] != UInt8(ascii: "\r") {
            let nameEnd = HTTPBytes.endOfToken(bytes, from: position, to: end)
            let next = HTTPBytes.endOfPrintable(bytes, from: nameEnd, to: end, lowest: 0x20)
            let value = Self.trimmed(bytes, min(nameEnd + 1, next)..<next)
            let name = Self.part(buffer, position..<nameEnd)
            let field = HeaderField(name: name, value: Self.part(buffer, value))
            if !field.isNamed("host") { fields.append(field) }
            position = next + lineEnd
        }
        return fields
    }

    private static func trimmed(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, bytes[start] == UInt8(ascii: " ") { start += 1 }
        while end > start, bytes[end - 1] == UInt8(ascii: " ") { end -= 1 }
        return start..<end
    }

    private static func part(_ buffer: ByteBuffer, _ range: Range<Int>) -> [UInt8] {
        buffer.getBytes(at: buffer.readerIndex + range.lowerBound, length: range.count) ?? []
    }
}
