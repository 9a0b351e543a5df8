/// A look at the frames (RFC 9113 §4.1) of a client's bytes beside the library that reads them: where
/// it stands in them, and how many of them cost work and bring nothing.
///
/// nghttp2 says nothing of a frame that it does not know, and nothing of one that is not whole.
struct FrameWatch: Sendable {
    private var prefaceLeft = HTTP2Preface.bytes.count
    /// The frame header, as far as it has come.
    private var header: UInt128 = 0
    private var headerCount = 0
    private var payloadLeft = 0
    private var hasSettings = false
    private var isWithinBlock = false
    private var isPayloadOfHead = false

    private static let headerLength = 9

    /// Whether something has begun that has to be whole before anything is answered: the preface, the
    /// first frame, or the head of a request.
    var isWithinHead: Bool {
        if isWithinBlock || isPayloadOfHead && payloadLeft > 0 { return true }
        if !hasSettings { return prefaceLeft < HTTP2Preface.bytes.count }
        return headerCount > 0
    }

    /// Looks at the next bytes.
    ///
    /// - Returns: How many frames began that bring nothing.
    mutating func read(_ bytes: Span<UInt8>) -> Int {
        var position = min(prefaceLeft, bytes.count)
        prefaceLeft -= position
        var idle = 0
        while position < bytes.count {
            if payloadLeft > 0 {
                let count = min(payloadLeft, bytes.count - position)
                payloadLeft -= count
                position += count
                continue
            }
            header = header << 8 | UInt128(bytes[position])
            headerCount += 1
            position += 1
            if headerCount == Self.headerLength, beginFrame() { idle += 1 }
        }
        return idle
    }

    /// Takes a frame's header.
    ///
    /// - Returns: Whether the frame brings nothing.
    private mutating func beginFrame() -> Bool {
        let length = Int(header >> 48 & 0xFF_FFFF)
        let type = UInt8(truncatingIfNeeded: header >> 40)
        let flags = UInt8(truncatingIfNeeded: header >> 32)
        header = 0
        headerCount = 0
        payloadLeft = length
        isPayloadOfHead = !hasSettings
        hasSettings = true
        switch type {
        case 0x0:
            // DATA that neither brings a byte nor ends the stream.
            return length == 0 && flags & 0x1 == 0
        case 0x1, 0x9:
            isWithinBlock = flags & 0x4 == 0
            isPayloadOfHead = true
            return type == 0x9
        case 0x8:
            // A client that reads sends a WINDOW_UPDATE for every few kilobytes.
            return false
        default:
            // PRIORITY, RST_STREAM, SETTINGS, PING, GOAWAY, and what nobody knows.
            return true
        }
    }
}
