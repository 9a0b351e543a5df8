/// A queue over an array, whose front moves forward; what is behind the front is given back when it
/// is most of the array.
struct FirstInFirstOut<Element> {
    private var storage: [Element] = []
    private var front = 0

    var count: Int { storage.count - front }

    var isEmpty: Bool { front == storage.count }

    var first: Element? { front < storage.count ? storage[front] : nil }

    mutating func append(_ element: Element) { storage.append(element) }

    mutating func popFirst() -> Element? {
        guard front < storage.count else { return nil }
        let element = storage[front]
        front += 1
        shrink()
        return element
    }

    mutating func removeAll() {
        storage = []
        front = 0
    }

    private mutating func shrink() {
        if storage.count == 1 {
            // The usual case, without the cost of replacing a range.
            storage.removeLast()
            front = 0
        } else if front == storage.count {
            storage.removeAll(keepingCapacity: storage.capacity <= 256)
            front = 0
        } else if front > 64, front > storage.count / 2 {
            storage.removeFirst(front)
            front = 0
        }
    }
}
