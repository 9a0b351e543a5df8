internal import COpenSSL

/// Bytes between OpenSSL and the stream below, in one direction.
///
/// A connection (`SSL`) owns both of its own; this only names one. Memory that a burst needed is
/// given back by putting a new one in its place, because a memory BIO never shrinks.
struct MemoryBIO {
    /// The memory that an idle connection may keep in one direction.
    static let idleCapacity = 8 << 10

    let raw: OpaquePointer

    /// Makes an empty one; nil when memory is out.
    init?() {
        guard let raw = BIO_new(BIO_s_mem()) else { return nil }
        self.raw = raw
    }

    /// Bytes that wait in it.
    var count: Int { BIO_ctrl_pending(raw) }

    /// The memory that it holds.
    var capacity: Int { reprise_BIO_mem_capacity(raw) }

    /// Whether it is empty and keeps more memory than an idle connection should.
    var isWorthReplacing: Bool {
        count == 0 && capacity > Self.idleCapacity
    }

    /// Adds bytes.
    ///
    /// - Returns: Whether all were added; only lack of memory prevents it.
    func append(_ bytes: Span<UInt8>) -> Bool {
        guard !bytes.isEmpty else { return true }
        return bytes.withUnsafeBytes {
            BIO_write(raw, $0.baseAddress, Int32($0.count)) == Int32($0.count)
        }
    }

    /// Hands out all bytes in one piece and empties it. `body` must not call OpenSSL, for the bytes
    /// are OpenSSL's.
    func drain(_ body: (Span<UInt8>) -> Void) {
        var data: UnsafeMutablePointer<CChar>?
        let count = reprise_BIO_get_mem_data(raw, &data)
        guard let data, count > 0 else { return }
        data.withMemoryRebound(to: UInt8.self, capacity: count) {
            body(UnsafeBufferPointer(start: $0, count: count).span)
        }
        _ = reprise_BIO_reset(raw)
    }
}
