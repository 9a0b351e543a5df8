import NIOCore
import RepriseCore

extension PlainRequest {
    /// The field lines of the head that go upstream for a response that may be stored: those that
    /// ``HeaderPolicy`` lets pass, in order, with their names in lower case.
    ///
    /// No `Connection` field of a plain request names others.
    ///
    /// - Parameter buffer: Begins with the request, which ``scan(_:keyed:)`` has found plain.
    func forwardedLines(in buffer: ByteBuffer) -> ByteBuffer {
        let identity: StaticString = "accept-encoding: identity\r\n"
        // No line becomes longer, but for the blank that its value may lack.
        let capacity = headLength + Self.mostFields + identity.utf8CodeUnitCount
        var lines = ByteBufferAllocator().buffer(capacity: capacity)
        lines.writeWithUnsafeMutableBytes(minimumWritableBytes: capacity) { space in
            var text = TextWriter(space)
            buffer.withUnsafeReadableBytes { bytes in
                write(UnsafeRawBufferPointer(rebasing: bytes.prefix(headLength)), to: &text)
            }
            text.write(identity)
            return text.count
        }
        return lines
    }

    private func write(_ head: UnsafeRawBufferPointer, to text: inout TextWriter) {
        let bytes = Span<UInt8>(_unsafeElements: head.assumingMemoryBound(to: UInt8.self))
        let lineEnd = "\r\n".utf8.count
        let end = bytes.count
        var position = HTTPBytes.endOfPrintable(bytes, from: 0, to: end, lowest: 0x20) + lineEnd
        while position < end, bytes[position] != UInt8(ascii: "\r") {
            let nameEnd = HTTPBytes.endOfToken(bytes, from: position, to: end)
            let next = HTTPBytes.endOfPrintable(bytes, from: nameEnd, to: end, lowest: 0x20)
            let start = text.count
            text.write(lowercased: UnsafeRawBufferPointer(rebasing: head[position..<nameEnd]))
            let name = Span<UInt8>(
                _unsafeElements: text.written(from: start).assumingMemoryBound(to: UInt8.self))
            if HeaderPolicy.goesUpstream(name, cacheable: true) {
                let value = Self.trimmed(bytes, min(nameEnd + 1, next)..<next)
                text.write(": ")
                text.write(UnsafeRawBufferPointer(rebasing: head[value]))
                text.write("\r\n")
            } else {
                text.takeBack(from: start)
            }
            position = next + lineEnd
        }
    }

    private static func trimmed(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, bytes[start] == UInt8(ascii: " ") { start += 1 }
        while end > start, bytes[end - 1] == UInt8(ascii: " ") { end -= 1 }
        return start..<end
    }
}
