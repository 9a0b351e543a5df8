internal import CSQLite

/// The header of the index that SQLite keeps in shared memory beside a write-ahead log, through
/// which the processes that share a database tell each other of their commits
/// (<https://www.sqlite.org/walformat.html> §2.1).
///
/// Every commit by whomever writes the header anew before it ends. So whoever finds in it what he
/// found before knows that nothing has been committed meanwhile, without a system call.
struct WALIndex: Equatable, Sendable {
    /// What the header said at one moment.
    struct Header: Equatable, Sendable {
        /// Changes with every commit, by one; starts over when the index is recovered.
        let changes: UInt32
        /// How many pages of the log hold something.
        let frames: UInt32
        /// Pages of the database, the checksum of the last page of the log, the salts of the log, and
        /// the checksum of the header: no two states have all of them in common.
        private let rest: (UInt32, UInt64, UInt64, UInt64)

        fileprivate init(_ region: UnsafeRawPointer) {
            func word(_ index: Int32) -> UInt32 { reprise_shared_word(region, index) }
            func pair(_ index: Int32) -> UInt64 {
                UInt64(word(index)) << 32 | UInt64(word(index + 1))
            }
            changes = word(2)
            frames = word(4)
            rest = (word(5), pair(6), pair(8), pair(10))
        }

        static func == (left: Self, right: Self) -> Bool {
            left.changes == right.changes && left.frames == right.frames && left.rest == right.rest
        }
    }

    /// The layout that is known here.
    private static let version: UInt32 = 3_007_000

    /// Where the region is mapped; as a number, so that it can be carried to other threads. Whoever
    /// carries it has to see to it that the connection stays open.
    private let address: UInt

    /// - Returns: nil when there is no region, or it has another layout.
    init?(region: UnsafeRawPointer?) {
        guard let region, reprise_shared_word(region, 0) == Self.version else { return nil }
        address = UInt(bitPattern: region)
    }

    /// What the header says now. While somebody writes it, it equals nothing.
    var header: Header? {
        UnsafeRawPointer(bitPattern: address).map { Header($0) }
    }
}
