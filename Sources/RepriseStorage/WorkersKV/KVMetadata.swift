import RepriseCore

/// The metadata that stands beside an entry in Workers KV, so that a list of the keys tells what a
/// purge has to remove: `{"until":1700000000000,"labels":["credential:...","tag:a"]}`.
///
/// A label is the name of its index in ``PurgeIndex`` without `reprise:index:`. KV takes 1,024 bytes
/// (developers.cloudflare.com/kv/platform/limits); labels that find no room are left out, those of
/// the client's tags first, and `"cut":true` says so: then the entry itself has to be read.
enum KVMetadata {
    /// How many bytes KV takes.
    static let limit = 1024

    private static let prefixLength = "reprise:index:".utf8.count

    /// Encodes the labels of an entry.
    ///
    /// - Returns: A JSON object of ASCII, at most ``limit`` bytes.
    static func json(_ entry: StoredEntry) -> [UInt8] {
        var json = [UInt8]("{".utf8)
        if let end = entry.retainedUntil { json += "\"until\":\(end),".utf8 }
        json += "\"labels\":[".utf8
        let names = PurgeIndex.names(
            tags: entry.labels.tags, model: entry.labels.model,
            namespace: entry.labels.namespace, credentialScope: entry.labels.credentialScope)
        let ending = [UInt8]("],\"cut\":true}".utf8)
        var isFirst = true
        var isCut = false
        // Names come with the tags first, and tags are what there may be many of.
        for name in names.reversed() {
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
        json += isCut ? ending : [UInt8]("]}".utf8)
        return json
    }
}
