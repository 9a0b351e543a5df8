/// Plaintext that waits to be encrypted, in the order of writing.
///
/// Small pieces are joined as they come; large arrays are kept as they are.
struct TLSWriteQueue {
    /// Arrays below this size are copied behind the piece before them.
    static let copyLimit = 4 << 10

    private struct Piece {
        var bytes: [UInt8]
        /// Whether bytes may be added: it was made here, and is no array of somebody else.
        var isOpen: Bool
    }

    private var pieces: [Piece] = []
    private var firstPiece = 0
    private var firstByte = 0

    /// Bytes that wait.
    private(set) var count = 0

    /// Whether none waits.
    var isEmpty: Bool { count == 0 }

    /// Adds a copy of bytes.
    mutating func append(_ bytes: Span<UInt8>) {
        guard !bytes.isEmpty else { return }
        bytes.withUnsafeBufferPointer { appendCopy($0) }
    }

    /// Adds an array without a copy, unless it is small.
    mutating func append(keeping bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        if bytes.count < Self.copyLimit {
            bytes.withUnsafeBufferPointer { appendCopy($0) }
        } else {
            pieces.append(Piece(bytes: bytes, isOpen: false))
            count += bytes.count
        }
    }

    private mutating func appendCopy(_ bytes: UnsafeBufferPointer<UInt8>) {
        count += bytes.count
        if let last = pieces.indices.last, pieces[last].isOpen,
            pieces[last].bytes.count + bytes.count <= TLSEngine.recordLimit
        {
            pieces[last].bytes.append(contentsOf: bytes)
        } else {
            pieces.append(Piece(bytes: Array(bytes), isOpen: true))
        }
    }

    /// Shows the next bytes in one piece, as many as one record holds.
    ///
    /// - Parameter body: Gets at least one byte, if any waits; its result says how many it took.
    mutating func takeRecord(_ body: (UnsafeRawBufferPointer) -> Int) {
        guard count > 0 else { return }
        let available = pieces[firstPiece].bytes.count - firstByte
        let wanted = min(count, TLSEngine.recordLimit)
        let taken: Int
        if available >= wanted {
            taken = pieces[firstPiece].bytes.withUnsafeBytes {
                body(UnsafeRawBufferPointer(rebasing: $0[firstByte..<firstByte + wanted]))
            }
        } else {
            taken = joined(wanted).withUnsafeBytes { body($0) }
        }
        drop(taken)
    }

    private func joined(_ wanted: Int) -> [UInt8] {
        var record: [UInt8] = []
        record.reserveCapacity(wanted)
        var index = firstPiece
        var start = firstByte
        while record.count < wanted {
            let bytes = pieces[index].bytes
            let part = min(bytes.count - start, wanted - record.count)
            record += bytes[start..<start + part]
            index += 1
            start = 0
        }
        return record
    }

    private mutating func drop(_ taken: Int) {
        count -= taken
        firstByte += taken
        while firstPiece < pieces.count, firstByte >= pieces[firstPiece].bytes.count {
            firstByte -= pieces[firstPiece].bytes.count
            pieces[firstPiece].bytes = []
            firstPiece += 1
        }
        if firstPiece == pieces.count {
            removeAll()
        } else if firstPiece >= 32 && firstPiece * 2 >= pieces.count {
            pieces.removeFirst(firstPiece)
            firstPiece = 0
        }
    }

    /// Drops all bytes and gives their memory back.
    mutating func removeAll() {
        self = TLSWriteQueue()
    }
}
