/// Turns a stored response into text and back: one line of JSON, a newline, the body.
///
/// The body stands as it is when it is UTF-8 without NUL, which some stores take for the end of a
/// text; else it stands in base64. So do, within the JSON line, the few strings that come off the
/// wire: one that is not UTF-8 is an object `{"base64":"..."}`.
public enum EntryCodec {
    /// The version of the format. A reader rejects any other.
    public static let version: Int64 = 1

    /// Bytes that the line of metadata may have in an entry that is read.
    static let longestLine = 1 << 20

    /// Writes an entry.
    ///
    /// - Parameters:
    ///   - metadata: Its length and digest must be those of `body`. Chunks that do not add up to
    ///     the length are left out; of more than 4096, the last ones are written as one.
    ///   - body: The body as the client is to get it.
    public static func encode(_ metadata: EntryMetadata, body: Span<UInt8>) -> [UInt8] {
        let isText = UTF8Text.isStorable(body)
        var writer = EntryWriter(capacity: body.count + body.count / (isText ? 8 : 2) + 1024)
        writer.write(metadata, encoding: isText ? "utf-8" : "base64")
        writer.text.append(UInt8(ascii: "\n"))
        if isText {
            writer.text.append(copying: body)
        } else {
            Base64.append(body, to: &writer.text)
        }
        return writer.text
    }

    /// Reads an entry.
    ///
    /// The digest is not checked here: the core does not hash.
    ///
    /// - Throws: ``EntryError`` when the text is not an entry, or not a whole one.
    public static func decode(
        _ text: Span<UInt8>
    ) throws(EntryError) -> (metadata: EntryMetadata, body: [UInt8]) {
        let searched = min(text.count, longestLine)
        var lineEnd = 0
        while lineEnd < searched, text[lineEnd] != UInt8(ascii: "\n") {
            lineEnd += 1
        }
        guard lineEnd < searched else { throw .malformed }
        var reader = EntryReader()
        try reader.read(text.extracting(0..<lineEnd))
        let metadata = try reader.metadata()
        let stored = text.extracting(lineEnd + 1..<text.count)
        var body: [UInt8] = []
        if reader.isBase64 {
            guard let decoded = Base64.decode(stored) else { throw .malformed }
            body = decoded
        } else {
            body.append(copying: stored)
        }
        guard Int64(body.count) == metadata.bodyLength else { throw .wrongLength }
        return (metadata, body)
    }
}
