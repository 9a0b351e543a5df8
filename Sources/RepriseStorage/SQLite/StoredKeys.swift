internal import RepriseCore
internal import Synchronization

/// Which keys the database does not have, told without reading it.
///
/// A ``KeyFilter`` holds all keys of the database as it was at a *mark*: a state of it that a
/// ``WALIndex/Header`` names. While the header in shared memory is still that of the mark, no process
/// has committed anything since, and a key that the filter does not hold is not in the database. The
/// header is compared after the filter has been asked, so the answer holds at that moment.
///
/// The mark moves on in two ways:
/// - With a commit of our own, whose keys are added before it: see ``SQLiteWriter``.
/// - After commits of others, by reading the rows that are newer than the mark's last one. That
///   finds all new keys only if no row number has been used twice, as SQLite does when the last row is
///   removed. So a *tidy* commit numbers its rows above all that were there before it, leaves a last
///   row that is no lower, and adds one to the database's `user_version`. Every commit, by whatever
///   program, adds one to the header's ``WALIndex/Header/changes``. If both have grown by the same
///   number since the mark, all commits were tidy; if not, the filter is built anew.
///
/// Removed keys stay in the filter until it is built anew; they only cost a look into the database.
final class StoredKeys: Sendable {
    /// A state of the database.
    struct Mark: Sendable {
        /// What names the state.
        let header: WALIndex.Header
        /// The number of the last row; 0 when there is none.
        let lastRow: Int64
        /// The `user_version`, which counts tidy commits.
        let tidyCommits: UInt32

        /// Whether all commits from this state to a later one were tidy.
        func isTidy(upTo later: Mark) -> Bool {
            later.header.changes &- header.changes == later.tidyCommits &- tidyCommits
        }
    }

    /// A filter that has been built.
    struct Built: Sendable {
        let filter: KeyFilter
        /// The state that it stands for.
        let mark: Mark
        /// How many keys it holds.
        let count: Int
    }

    private struct State: Sendable {
        /// nil while no file is open. Only what holds the lock may look at it, so that it can be
        /// taken away before the file is closed.
        var index: WALIndex?
        /// Counts the files that have been opened.
        var generation = 0
        var filter: KeyFilter?
        var mark: Mark?
        /// Whether the filter is to be built anew.
        var isBuildDue = false
        var isBuilding = false
    }

    private let state = Mutex(State())

    /// Whether the database does not have a key; false when that cannot be told.
    func certainlyLack(_ key: CacheKey) -> Bool {
        state.withLock { state in
            guard let filter = state.filter, let mark = state.mark, !filter.mayContain(key) else {
                return false
            }
            return state.index?.header == mark.header
        }
    }

    /// Whether the mark is not the state of the database any more, or there is none.
    var isBehind: Bool {
        state.withLock { state in
            guard state.filter != nil, let mark = state.mark else { return false }
            return state.index?.header != mark.header
        }
    }

    /// The state that the filter stands for, unless there is no filter or it is of another file.
    func mark(generation: Int) -> Mark? {
        state.withLock { $0.generation == generation && $0.filter != nil ? $0.mark : nil }
    }

    // MARK: - The file

    /// Begins anew with another file, or with none.
    ///
    /// - Returns: The number of the file.
    @discardableResult
    func reset(index: WALIndex?) -> Int {
        state.withLock { state in
            state = State(index: index, generation: state.generation + 1, isBuildDue: index != nil)
            return state.generation
        }
    }

    /// Whether an index is that of the file that is open.
    func isOf(_ index: WALIndex) -> Bool {
        // SQLite maps the index of a file once in a process.
        state.withLock { $0.index == index }
    }

    // MARK: - Commits

    /// Whether the database, which is in this state, certainly lacks a key. Under the write lock.
    func certainlyLack(_ key: CacheKey, in header: WALIndex.Header) -> Bool {
        state.withLock { state in
            guard let filter = state.filter, state.mark?.header == header else { return false }
            return !filter.mayContain(key)
        }
    }

    /// Adds keys that are about to be committed, or that others have committed.
    func add(_ keys: [CacheKey], generation: Int) {
        state.withLock { state in
            guard state.generation == generation else { return }
            for key in keys { state.filter?.insert(key) }
            if state.filter?.isFull == true { state.isBuildDue = true }
        }
    }

    /// Moves the mark from one state to a later one whose new keys have been added.
    func advance(from header: WALIndex.Header, to mark: Mark, generation: Int) {
        state.withLock { state in
            guard state.generation == generation, state.mark?.header == header else { return }
            state.mark = mark
        }
    }

    // MARK: - Building

    /// Whether the caller is to build the filter anew; one at a time is told so.
    func beginBuilding() -> Bool {
        state.withLock { state in
            guard state.index != nil, state.isBuildDue, !state.isBuilding else { return false }
            state.isBuilding = true
            return true
        }
    }

    /// Asks for a new filter.
    func wantBuild(generation: Int) {
        state.withLock { if $0.generation == generation { $0.isBuildDue = true } }
    }

    /// Ends building. ``allowBuilding(generation:)`` is to follow after a while.
    ///
    /// - Parameter result: The new filter; nil if that did not succeed.
    func endBuilding(_ result: Built?, generation: Int) {
        state.withLock { state in
            guard state.generation == generation, let result else { return }
            state.isBuildDue = false
            state.filter = result.filter
            state.mark = result.mark
        }
    }

    /// Lets the filter be built again: not at once, for where others never commit tidily there is
    /// always a reason to.
    func allowBuilding(generation: Int) {
        state.withLock { if $0.generation == generation { $0.isBuilding = false } }
    }
}
