internal import RepriseCore

/// What one transaction does to the tables of a ``SQLiteStore``.
struct SQLiteContents {
    private let connection: SQLiteConnection
    /// Where the database is told from others of its states.
    let state: SQLiteState
    /// What the pages in use may hold, in bytes.
    private let maxBytes: Int64
    private let pageSize: Int64

    /// How many entries one step of eviction looks at.
    private static let evictionStep = 256
    /// What one transaction evicts beyond what it needs, when a smaller bound than last time was
    /// given: a share of the surplus, so that no transaction takes seconds.
    private static let evictionSurplus: Int64 = 32 << 20
    /// How many pages one transaction gives back to the file system at most.
    private static let vacuumPages: Int64 = 2048

    init(_ connection: SQLiteConnection, maxBytes: Int64) throws(StoreError) {
        self.connection = connection
        state = SQLiteState(connection)
        self.maxBytes = maxBytes
        pageSize = max(512, try connection.number("PRAGMA page_size") ?? 4096)
    }

    // MARK: - Writing

    /// Does what a batch says, after making room for it. Of several writes for a key the last one
    /// counts. An entry that could not stay even if it were alone is left out.
    ///
    /// - Parameters:
    ///   - lastRow: The number of the last row before this transaction; new ones are numbered from
    ///     there on.
    ///   - isNew: Whether nothing is stored under a key for certain.
    /// - Returns: The keys that were stored.
    func apply(
        _ batch: [StoreWrite], after lastRow: Int64, now: Int64,
        isNew: (CacheKey) -> Bool
    ) throws(StoreError) -> [CacheKey] {
        guard !batch.isEmpty else { return [] }
        var last: [CacheKey: Int] = [:]
        for (position, write) in batch.enumerated() { last[write.key] = position }
        var saves: [StoredEntry] = []
        var incoming: Int64 = 0
        for (position, write) in batch.enumerated() where last[write.key] == position {
            if !isNew(write.key) { try remove(write.key) }
            guard case .save(let entry) = write, Self.footprint(entry) <= maxBytes / 2 else {
                continue
            }
            saves.append(entry)
            incoming += Self.footprint(entry)
        }
        guard !saves.isEmpty else { return [] }
        try makeRoom(for: incoming)
        var row = max(0, lastRow)
        for entry in saves {
            let (next, overflow) = row.addingReportingOverflow(1)
            // Beyond the last number SQLite looks for one that is free, and the commit is not tidy.
            try insert(entry, row: overflow ? nil : next, now: now)
            row = overflow ? row : next
        }
        return saves.map(\.key)
    }

    private func remove(_ key: CacheKey) throws(StoreError) {
        try connection.run("DELETE FROM entry WHERE key = ?", [.blob(key.bytes)])
    }

    private func insert(_ entry: StoredEntry, row: Int64?, now: Int64) throws(StoreError) {
        let labels = entry.labels
        try connection.run(
            """
            INSERT INTO entry (
                id, key, last_used, retained_until, size, model, namespace, credential, upstream,
                text
            ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                SQLiteValue(row), .blob(entry.key.bytes), .integer(now),
                SQLiteValue(entry.retainedUntil), .integer(Int64(entry.text.count)),
                SQLiteValue(labels.model), SQLiteValue(labels.namespace),
                .blob(labels.credentialScope), .blob(labels.upstream), .blob(entry.text),
            ])
        guard !labels.tags.isEmpty else { return }
        let inserted = connection.lastInsertedRow
        for tag in labels.tags {
            try connection.run(
                "INSERT OR IGNORE INTO entry_tag (tag, entry) VALUES (?, ?)",
                [.blob(tag), .integer(inserted)])
        }
    }

    /// Notes when entries were used.
    func touch(_ uses: [CacheKey: Int64]) throws(StoreError) {
        for (key, time) in uses {
            try connection.run(
                "UPDATE entry SET last_used = max(last_used, ?) WHERE key = ?",
                [.integer(time), .blob(key.bytes)])
        }
    }

    /// Removes some of the entries whose retention is over.
    func removeExpired(now: Int64) throws(StoreError) {
        try connection.run(
            """
            DELETE FROM entry WHERE id IN (
                SELECT id FROM entry WHERE retained_until <= ?
                ORDER BY retained_until LIMIT 256
            )
            """, [.integer(now)])
    }

    // MARK: - Room

    /// Evicts the least recently used entries until new ones fit, and gives free pages back to the
    /// file system when they are more than a sixteenth of the bound.
    ///
    /// - Returns: Whether pages were given back.
    @discardableResult
    func makeRoom(for incoming: Int64) throws(StoreError) -> Bool {
        var freed: Int64 = 0
        while freed <= max(2 * incoming, Self.evictionSurplus) {
            let used = try pagesInUse() * pageSize
            guard used + incoming > maxBytes else { break }
            let size = try evict(used + incoming - maxBytes)
            guard size > 0 else { break }
            freed += size
        }
        let surplus = try freePages() - (maxBytes / 16 + incoming) / pageSize
        guard surplus > 0 else { return false }
        try connection.execute("PRAGMA incremental_vacuum(\(min(surplus, Self.vacuumPages)))")
        return true
    }

    /// The pages that hold something: kept by SQLite in the file's header, not counted.
    private func pagesInUse() throws(StoreError) -> Int64 {
        try (connection.number("PRAGMA page_count") ?? 0) - freePages()
    }

    private func freePages() throws(StoreError) -> Int64 {
        try connection.number("PRAGMA freelist_count") ?? 0
    }

    /// Removes entries, the least recently used first, until they amount to so many bytes.
    ///
    /// - Returns: What was removed, in bytes; 0 when there was nothing.
    private func evict(_ bytes: Int64) throws(StoreError) -> Int64 {
        var oldest: [(row: Int64, size: Int64)] = []
        oldest.reserveCapacity(Self.evictionStep)
        try connection.run("SELECT id, size FROM entry ORDER BY last_used, size LIMIT 256") { row in
            oldest.append((row.integer(0) ?? 0, max(0, row.integer(1) ?? 0)))
            return true
        }
        var freed: Int64 = 0
        for entry in oldest where freed < bytes {
            try connection.run("DELETE FROM entry WHERE id = ?", [.integer(entry.row)])
            freed = Self.saturatingSum(freed, Self.footprint(size: entry.size))
        }
        return freed
    }

    /// What an entry takes up in the file, roughly: its text and its cells in the indexes.
    private static func footprint(_ entry: StoredEntry) -> Int64 {
        footprint(size: Int64(entry.text.count))
    }

    private static func footprint(size: Int64) -> Int64 { saturatingSum(size, 256) }

    /// What stands in the file may be any number.
    private static func saturatingSum(_ left: Int64, _ right: Int64) -> Int64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }
}

extension StoreWrite {
    /// The key that it is about.
    var key: CacheKey {
        switch self {
        case .save(let entry): entry.key
        case .remove(let key): key
        }
    }
}
