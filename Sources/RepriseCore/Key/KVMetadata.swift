/// The metadata that stands beside an entry in Workers KV, so that a list of the keys tells what a
/// purge has to remove: `{"until":1700000000000,"labels":["credential:...","tag:a"]}`.
///
/// A label is the name of its index in ``PurgeIndex`` without `reprise:index:`. KV takes 1,024 bytes
/// (developers.cloudflare.com/kv/platform/limits); labels that find no room are left out, those of
/// the client's tags first, and `"cut":true` says so: then the entry itself has to be read.
public enum KVMetadata {
    /// How many bytes KV takes.
    public static let limit = 1024

    private static let prefixLength = 14

    /// Encodes what is known of an entry.
    ///
    /// - Parameters:
    ///   - retainedUntil: Milliseconds since the epoch; nil: for good.
    ///   - indexNames: The indexes that the entry belongs to, as ``PurgeIndex`` names them.
    /// - Returns: A JSON object of ASCII, at most ``limit`` bytes.
    public static func json(retainedUntil: Int64?, indexNames: [[UInt8]]) -> [UInt8] {
        var json = [UInt8]("{")
        if let retainedUntil {
            json += [UInt8]("\"until\":")
            json.append(decimal: retainedUntil)
            json.append(UInt8(ascii: ","))
        }
        json += [UInt8]("\"labels\":[")
        let ending = [UInt8]("],\"cut\":true}")
        var isFirst = true
        var isCut = false
        // Names come with the tags first, and tags are what there may be many of.
        for name in indexNames.reversed() {
            let label = name[prefixLength...]
            guard json.count + label.count + 3 + ending.count <= limit else {
                isCut = true
                continue
            }
            if !isFirst { json.append(UInt8(ascii: ",")) }
            isFirst = false
            // A name is ASCII without a character that JSON would escape.
            json.append(UInt8(ascii: "\""))
            json += label
            json.append(UInt8(ascii: "\""))
        }
        json += isCut ? ending : [UInt8]("]}")
        return json
    }
}
