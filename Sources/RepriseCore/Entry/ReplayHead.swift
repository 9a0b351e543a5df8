/// The part of a replayed response's head that is the same each time.
public enum ReplayHead {
    /// The status line and the stored header fields as HTTP/1.1 writes them (RFC 9112 §2.1), each
    /// with its line end, without the empty line.
    public static func bytes(of metadata: EntryMetadata) -> [UInt8] {
        var head: [UInt8] = []
        head.reserveCapacity(
            metadata.headers.reduce(20) { $0 + $1.name.count + $1.value.count + 4 })
        head.append(literal: "HTTP/1.1 ")
        head.append(decimal: Int64(metadata.status))
        // The reason phrase may be empty, but only 200 is ever stored.
        head.append(literal: metadata.status == 200 ? " OK\r\n" : " \r\n")
        for field in metadata.headers {
            head.append(contentsOf: field.name)
            head.append(literal: ": ")
            head.append(contentsOf: field.value)
            head.append(literal: "\r\n")
        }
        return head
    }
}
