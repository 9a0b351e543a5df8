/// A frame of HTTP/2 (RFC 9113 §4.1), written and read by hand.
public struct HTTP2Frame: Equatable, Sendable, CustomStringConvertible {
    /// The types that HTTP/2 defines, in the order of their numbers.
    public enum Kind: UInt8, Sendable {
        case data, headers, priority, reset, settings, push, ping, goAway, window, continuation
    }

    /// The type's number, known or not.
    public var type: UInt8
    /// The flags.
    public var flags: UInt8
    /// The stream's identifier; 0 for the connection.
    public var stream: UInt32
    /// What follows the frame's header.
    public var payload: [UInt8]

    /// The flag of DATA and HEADERS that ends a stream.
    public static let endStream: UInt8 = 0x1
    /// The flag of SETTINGS and PING that answers one.
    public static let ack: UInt8 = 0x1
    /// The flag of HEADERS and CONTINUATION that ends a head.
    public static let endHeaders: UInt8 = 0x4
    /// The flag of DATA and HEADERS that announces padding.
    public static let padded: UInt8 = 0x8

    /// What a client begins with (§3.4).
    public static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// Makes a frame of any type.
    public init(type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, payload: [UInt8] = []) {
        self.type = type
        self.flags = flags
        self.stream = stream
        self.payload = payload
    }

    /// Makes a frame.
    public init(_ kind: Kind, flags: UInt8 = 0, stream: UInt32 = 0, payload: [UInt8] = []) {
        self.init(type: kind.rawValue, flags: flags, stream: stream, payload: payload)
    }

    /// The type; nil for one that HTTP/2 does not define.
    public var kind: Kind? { Kind(rawValue: type) }

    /// The error code of a reset or a GOAWAY.
    public var code: UInt32? {
        switch kind {
        case .reset: Self.number(payload[0..<4])
        case .goAway: Self.number(payload[4..<8])
        default: nil
        }
    }

    /// The number that a frame begins with, such as a window's increment.
    public var number: UInt32 { Self.number(payload[0..<4]) }

    /// The frame as it is sent.
    public var bytes: [UInt8] {
        let length = UInt32(payload.count)
        return Array(Self.bigEndian(length).dropFirst()) + [type, flags] + Self.bigEndian(stream)
            + payload
    }

    /// The frame in words.
    public var description: String {
        "\(kind.map { "\($0)" } ?? "type \(type)") flags=\(flags) stream=\(stream) "
            + "\(payload.count) bytes" + (code.map { " code=\($0)" } ?? "")
    }

    private static func bigEndian(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Reads whole frames.
    public static func read(_ bytes: [UInt8]) -> [Self] {
        var frames: [Self] = []
        var rest = bytes[...]
        while rest.count >= 9 {
            let head = Array(rest.prefix(9))
            let length = Int(number(head[0..<3]))
            guard rest.count >= 9 + length else { break }
            frames.append(
                Self(
                    type: head[3], flags: head[4], stream: number(head[5..<9]),
                    payload: Array(rest.dropFirst(9).prefix(length))))
            rest = rest.dropFirst(9 + length)
        }
        return frames
    }

    // MARK: What clients send

    /// SETTINGS with entries.
    public static func settings(_ entries: [(UInt16, UInt32)] = []) -> Self {
        Self(
            .settings,
            payload: entries.flatMap { id, value in
                [UInt8(id >> 8), UInt8(id & 0xFF)] + bigEndian(value)
            })
    }

    /// A WINDOW_UPDATE.
    public static func window(_ increment: UInt32, stream: UInt32 = 0) -> Self {
        Self(.window, stream: stream, payload: bigEndian(increment))
    }

    /// DATA.
    public static func data(_ text: String, stream: UInt32 = 1, ends: Bool = false) -> Self {
        Self(.data, flags: ends ? endStream : 0, stream: stream, payload: Array(text.utf8))
    }

    /// A RST_STREAM.
    public static func reset(_ stream: UInt32, code: UInt32 = 8) -> Self {
        Self(.reset, stream: stream, payload: bigEndian(code))
    }

    /// HEADERS with a whole head.
    public static func headers(
        _ fields: [(String, String)], stream: UInt32 = 1, ends: Bool = false
    ) -> Self {
        Self(
            .headers, flags: endHeaders | (ends ? endStream : 0), stream: stream,
            payload: block(fields))
    }

    /// Fields as literals without indexing (RFC 7541 §6.2.2).
    public static func block(_ fields: [(String, String)]) -> [UInt8] {
        fields.flatMap { [0] + text($0.0) + text($0.1) }
    }

    private static func text(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        guard bytes.count >= 127 else { return [UInt8(bytes.count)] + bytes }
        var length: [UInt8] = [127]
        var rest = bytes.count - 127
        while rest >= 128 {
            length.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        return length + [UInt8(rest)] + bytes
    }
}
