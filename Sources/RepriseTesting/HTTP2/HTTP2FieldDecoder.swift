internal import CNghttp2

/// Reads the heads of one connection's responses (RFC 7541).
public final class HTTP2FieldDecoder {
    // Made in `init`, freed in `deinit`, and used by one test.
    private let inflater: OpaquePointer?

    /// Makes a decoder with an empty table.
    public init() {
        var inflater: OpaquePointer?
        nghttp2_hd_inflate_new(&inflater)
        self.inflater = inflater
    }

    deinit { nghttp2_hd_inflate_del(inflater) }

    /// The fields of the next head, each as `name: value`.
    public func fields(_ block: [UInt8]) -> [String] {
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
