import CNghttp2

/// A frame of HTTP/2 (RFC 9113 §4.1), written and read by hand.
struct Frame: Equatable, CustomStringConvertible {
    enum Kind: UInt8 {
        case data, headers, priority, reset, settings, push, ping, goAway, window, continuation
    }

    var type: UInt8
    var flags: UInt8 = 0
    var stream: UInt32 = 0
    var payload: [UInt8] = []

    static let endStream: UInt8 = 0x1
    static let ack: UInt8 = 0x1
    static let endHeaders: UInt8 = 0x4
    static let padded: UInt8 = 0x8

    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    init(type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, payload: [UInt8] = []) {
        self.type = type
        self.flags = flags
        self.stream = stream
        self.payload = payload
    }

    init(_ kind: Kind, flags: UInt8 = 0, stream: UInt32 = 0, payload: [UInt8] = []) {
        self.init(type: kind.rawValue, flags: flags, stream: stream, payload: payload)
    }

    var kind: Kind? { Kind(rawValue: type) }

    /// The error code of a reset or a GOAWAY.
    var code: UInt32? {
        switch kind {
        case .reset: Self.number(payload[0..<4])
        case .goAway: Self.number(payload[4..<8])
        default: nil
        }
    }

    /// The number that a frame begins with, such as a window's increment.
    var number: UInt32 { Self.number(payload[0..<4]) }

    var bytes: [UInt8] {
        let length = UInt32(payload.count)
        return Array(Self.bigEndian(length).dropFirst()) + [type, flags] + Self.bigEndian(stream)
            + payload
    }

    var description: String {
        "\(kind.map { "\($0)" } ?? "type \(type)") flags=\(flags) stream=\(stream) "
            + "\(payload.count) bytes" + (code.map { " code=\($0)" } ?? "")
    }

    static func bigEndian(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Reads whole frames.
    static func read(_ bytes: [UInt8]) -> [Frame] {
        var frames: [Frame] = []
        var rest = bytes[...]
        while rest.count >= 9 {
            let head = Array(rest.prefix(9))
            let length = Int(number(head[0..<3]))
            guard rest.count >= 9 + length else { break }
            frames.append(
                Frame(
                    type: head[3], flags: head[4], stream: number(head[5..<9]),
                    payload: Array(rest.dropFirst(9).prefix(length))))
            rest = rest.dropFirst(9 + length)
        }
        return frames
    }

    // MARK: What clients send

    static func settings(_ entries: [(UInt16, UInt32)] = []) -> Frame {
        Frame(
            .settings,
            payload: entries.flatMap { id, value in
                [UInt8(id >> 8), UInt8(id & 0xFF)] + bigEndian(value)
            })
    }

    static func window(_ increment: UInt32, stream: UInt32 = 0) -> Frame {
        Frame(.window, stream: stream, payload: bigEndian(increment))
    }

    static func data(_ text: String, stream: UInt32 = 1, ends: Bool = false) -> Frame {
        Frame(.data, flags: ends ? endStream : 0, stream: stream, payload: Array(text.utf8))
    }

    static func reset(_ stream: UInt32, code: UInt32 = 8) -> Frame {
        Frame(.reset, stream: stream, payload: bigEndian(code))
    }

    static func headers(
        _ fields: [(String, String)], stream: UInt32 = 1, ends: Bool = false
    ) -> Frame {
        Frame(
            .headers, flags: endHeaders | (ends ? endStream : 0), stream: stream,
            payload: block(fields))
    }

    /// Fields as literals without indexing (RFC 7541 §6.2.2).
    static func block(_ fields: [(String, String)]) -> [UInt8] {
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

/// Reads the heads of one connection's responses (RFC 7541).
final class FieldDecoder {
    // Made in `init`, freed in `deinit`, and used by one test.
    private let inflater: OpaquePointer?

    init() {
        var inflater: OpaquePointer?
        nghttp2_hd_inflate_new(&inflater)
        self.inflater = inflater
    }

    deinit { nghttp2_hd_inflate_del(inflater) }

    func fields(_ block: [UInt8]) -> [String] {
        var fields: [String] = []
        var position = 0
        while position < block.count {
            var field = nghttp2_nv()
            var flags: Int32 = 0
            let used = block.withUnsafeBufferPointer { bytes in
                nghttp2_hd_inflate_hd2(
                    inflater, &field, &flags, bytes.baseAddress.map { $0 + position },
                    block.count - position, 1)
            }
            guard used >= 0 else { return fields + ["undecodable"] }
            position += used
            if flags & Int32(NGHTTP2_HD_INFLATE_EMIT.rawValue) != 0 {
                let name = UnsafeBufferPointer(start: field.name, count: field.namelen)
                let value = UnsafeBufferPointer(start: field.value, count: field.valuelen)
                fields.append(
                    "\(String(decoding: name, as: UTF8.self)): \(String(decoding: value, as: UTF8.self))"
                )
            }
            if flags & Int32(NGHTTP2_HD_INFLATE_FINAL.rawValue) != 0 { break }
        }
        nghttp2_hd_inflate_end_headers(inflater)
        return fields
    }
}
