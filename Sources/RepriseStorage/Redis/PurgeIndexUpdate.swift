internal import RepriseCore

/// One run of ``PurgeIndex/script``: members to add to one index.
struct PurgeIndexUpdate: Equatable, Sendable {
    /// The name of the index, the script's only key.
    var name: [UInt8]
    /// The script's arguments: the time now, then a score and a member as often as needed.
    var arguments: [[UInt8]]

    /// The updates that a batch of entries needs, one for each index unless it gains more members
    /// than ``PurgeIndex/membersAtOnce``.
    ///
    /// - Parameters:
    ///   - entries: The entries that are about to be stored.
    ///   - now: Milliseconds since the epoch.
    static func updates(for entries: [StoredEntry], now: Int64) -> [PurgeIndexUpdate] {
        var updates: [PurgeIndexUpdate] = []
        var places: [[UInt8]: Int] = [:]
        let now = Array(String(now).utf8)
        for entry in entries {
            let member = entry.key.hex
            let score = entry.retainedUntil.map { Array(String($0).utf8) } ?? Array("+inf".utf8)
            for name in entry.labels.indexNames {
                if let place = places[name],
                    updates[place].arguments.count <= 2 * PurgeIndex.membersAtOnce - 1
                {
                    updates[place].arguments.append(score)
                    updates[place].arguments.append(member)
                } else {
                    places[name] = updates.count
                    updates.append(PurgeIndexUpdate(name: name, arguments: [now, score, member]))
                }
            }
        }
        return updates
    }
}

extension EntryLabels {
    /// The names of the indexes that an entry with these labels belongs to.
    var indexNames: [[UInt8]] {
        PurgeIndex.names(
            tags: tags, model: model, namespace: namespace, credentialScope: credentialScope)
    }
}
