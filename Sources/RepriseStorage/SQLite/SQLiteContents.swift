import Foundation
import GRDB
import NIOCore
import RepriseCore

/// What one transaction does to the tables of a ``SQLiteStore``.
struct SQLiteContents {
    /// What the pages in use may hold, in bytes.
    let maxBytes: Int64

    /// How many expired entries one call of ``removeExpired(_:now:)`` removes at most.
    private static let expiredBatch = 256
    /// How many entries one step of eviction looks at.
    private static let evictionStep = 256
    /// What one transaction evicts beyond what it needs, when a smaller bound than last time was
    /// given: a share of the surplus, so that no transaction takes seconds.
    private static let evictionSurplus: Int64 = 32 << 20
    /// How many pages one transaction gives back to the file system at most.
    private static let vacuumPages: Int64 = 2048

    /// Stores entries in place of what stands under their keys, after making room for them.
    ///
    /// An entry that could not stay even if it were alone is left out.
    func save(_ entries: [StoredEntry], now: Int64, _ db: Database) throws {
        try remove(entries.map(\.key), db)
        // A key may come twice; the last one counts.
        var last: [CacheKey: Int] = [:]
        for (position, entry) in entries.enumerated() { last[entry.key] = position }
        let wanted = entries.enumerated().filter { position, entry in
            last[entry.key] == position && Self.footprint(entry) <= maxBytes / 2
        }.map(\.element)
        try makeRoom(for: wanted.reduce(0) { $0 + Self.footprint($1) }, db)
        for entry in wanted { try insert(entry, now: now, db) }
    }

    /// Removes what stands under keys.
    func remove(_ keys: [CacheKey], _ db: Database) throws {
        let statement = try db.cachedStatement(sql: "DELETE FROM entry WHERE key = ?")
        for key in keys { try statement.execute(arguments: [Data(key.bytes)]) }
    }

    /// Notes when entries were used.
    func touch(_ uses: [CacheKey: Int64], _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: "UPDATE entry SET last_used = max(last_used, ?) WHERE key = ?")
        for (key, time) in uses { try statement.execute(arguments: [time, Data(key.bytes)]) }
    }

    /// Removes some of the entries whose retention is over.
    func removeExpired(_ db: Database, now: Int64) throws {
        try db.cachedStatement(
            sql: """
                DELETE FROM entry WHERE id IN (
                    SELECT id FROM entry WHERE retained_until <= ?
                    ORDER BY retained_until LIMIT \(Self.expiredBatch)
                )
                """
        ).execute(arguments: [now])
    }

    /// Evicts the least recently used entries until new ones fit, and gives free pages back to the
    /// file system when they are more than a sixteenth of the bound.
    func makeRoom(for incoming: Int64, _ db: Database) throws {
        let pageSize = try Self.number("PRAGMA page_size", db)
        var freed: Int64 = 0
        while freed <= max(2 * incoming, Self.evictionSurplus) {
            let used = try Self.pagesInUse(db) * pageSize
            guard used + incoming > maxBytes else { break }
            let size = try evict(used + incoming - maxBytes, db)
            guard size > 0 else { break }
            freed += size
        }
        let surplus =
            try Self.number("PRAGMA freelist_count", db)
            - (maxBytes / 16 + incoming) / max(1, pageSize)
        if surplus > 0 {
            let pages = min(surplus, Self.vacuumPages)
            try db.execute(sql: "PRAGMA incremental_vacuum(\(pages))")
        }
    }

    /// The pages that hold something: kept by SQLite in the file's header, not counted.
    static func pagesInUse(_ db: Database) throws -> Int64 {
        try number("PRAGMA page_count", db) - number("PRAGMA freelist_count", db)
    }

    /// Removes entries, the least recently used first, until they amount to so many bytes.
    ///
    /// - Returns: What was removed, in bytes; 0 when there was nothing.
    private func evict(_ bytes: Int64, _ db: Database) throws -> Int64 {
        let oldest = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT id, size FROM entry ORDER BY last_used, size
                    LIMIT \(Self.evictionStep)
                    """))
        let statement = try db.cachedStatement(sql: "DELETE FROM entry WHERE id = ?")
        var freed: Int64 = 0
        for row in oldest where freed < bytes {
            try statement.execute(arguments: [row[0] as Int64])
            freed += Self.footprint(size: row[1])
        }
        return freed
    }

    private func insert(_ entry: StoredEntry, now: Int64, _ db: Database) throws {
        let text = entry.text.withUnsafeReadableBytes { Data($0) }
        let labels = entry.labels
        try db.cachedStatement(
            sql: """
                INSERT INTO entry (
                    key, last_used, retained_until, size, model, namespace, credential, upstream, text
                ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            Data(entry.key.bytes), now, entry.retainedUntil, text.count,
            labels.model.map { Data($0) }, labels.namespace.map { Data($0) },
            Data(labels.credentialScope), Data(labels.upstream), text,
        ])
        guard !labels.tags.isEmpty else { return }
        let id = db.lastInsertedRowID
        let statement = try db.cachedStatement(
            sql: "INSERT OR IGNORE INTO entry_tag (tag, entry) VALUES (?, ?)")
        for tag in labels.tags { try statement.execute(arguments: [Data(tag), id]) }
    }

    /// What an entry takes up in the file, roughly: its text and its cells in the indexes.
    private static func footprint(_ entry: StoredEntry) -> Int64 {
        footprint(size: Int64(entry.text.readableBytes))
    }

    private static func footprint(size: Int64) -> Int64 { size + 256 }

    private static func number(_ sql: String, _ db: Database) throws -> Int64 {
        try Int64.fetchOne(db.cachedStatement(sql: sql)) ?? 0
    }
}
