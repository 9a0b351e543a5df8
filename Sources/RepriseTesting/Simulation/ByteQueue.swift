/// Bytes on their way, taken from the front.
struct ByteQueue {
    /// The bytes, behind those that have been taken.
    private(set) var storage: [UInt8] = []
    /// The index of the first byte that has not been taken.
    private(set) var front = 0

    var count: Int { storage.count - front }

    var isEmpty: Bool { front == storage.count }

    mutating func append(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { storage.append(contentsOf: $0) }
    }

    /// Moves bytes from the front of another queue to the end of this one.
    mutating func move(_ count: Int, from other: inout ByteQueue) {
        if isEmpty, count == other.count, other.front == 0 {
            swap(&self, &other)
            other.removeAll()
        } else {
            storage.append(contentsOf: other.storage[other.front..<other.front + count])
            other.removeFirst(count)
        }
    }

    mutating func removeFirst(_ count: Int) {
        front += count
        if front == storage.count {
            storage.removeAll(keepingCapacity: storage.capacity <= 64 << 10)
            front = 0
        } else if front > 64 << 10, front > storage.count / 2 {
            storage.removeFirst(front)
            front = 0
        }
    }

    /// Drops what is behind the first `count` bytes.
    mutating func truncate(to count: Int) {
        if count < self.count { storage.removeLast(self.count - count) }
    }

    mutating func removeAll() {
        storage.removeAll(keepingCapacity: storage.capacity <= 64 << 10)
        front = 0
    }
}
