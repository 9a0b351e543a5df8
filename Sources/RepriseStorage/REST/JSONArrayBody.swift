import NIOCore
import RepriseCore

/// A JSON array that grows element by element, for the body of a request.
struct JSONArrayBody {
    /// How many elements have begun.
    private(set) var count = 0
    /// What has been written, without the closing bracket.
    var json: [UInt8] = [UInt8(ascii: "[")]

    /// Begins the next element, which the caller then appends to ``json``.
    mutating func beginElement() {
        if count > 0 { json.append(UInt8(ascii: ",")) }
        count += 1
    }

    /// Appends a buffer's UTF-8 as a JSON string.
    mutating func appendQuoted(_ text: ByteBuffer) {
        text.withUnsafeReadableBytes { bytes in
            JSONText.appendQuoted(
                Span(_unsafeElements: bytes.bindMemory(to: UInt8.self)), to: &json)
        }
    }

    /// The whole array.
    var buffer: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(json.count + 1)
        buffer.writeBytes(json)
        buffer.writeInteger(UInt8(ascii: "]"))
        return buffer
    }
}
