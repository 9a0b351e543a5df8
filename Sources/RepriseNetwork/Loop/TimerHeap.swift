/// An action that a loop will run at a time.
final class HeapTimer: LoopTimer {
    /// When the action is due.
    let deadline: MonotonicTime
    /// The order of making, which decides between equal deadlines.
    let sequence: UInt64
    /// The action, until it has begun or was cancelled.
    fileprivate(set) var action: (() -> Void)?
    /// Where the timer stands in its heap; -1 when it stands in none.
    fileprivate var position = -1
    private let loop: UVEventLoop

    /// Makes a timer that is in no heap yet.
    init(
        deadline: MonotonicTime, sequence: UInt64, loop: UVEventLoop,
        action: @escaping () -> Void
    ) {
        self.deadline = deadline
        self.sequence = sequence
        self.loop = loop
        self.action = action
    }

    func cancel() {
        guard action != nil else { return }
        action = nil
        assert(loop.isCurrent, "a timer is cancelled on its loop's thread")
        loop.timers.remove(self)
    }

    /// Takes the action out, so that it runs once.
    func takeAction() -> (() -> Void)? {
        let taken = action
        action = nil
        return taken
    }

    /// Whether this one is due before another.
    fileprivate func precedes(_ other: HeapTimer) -> Bool {
        deadline == other.deadline ? sequence < other.sequence : deadline < other.deadline
    }
}

/// The timers of a loop: a binary heap in which each timer knows its place, so that one is added or
/// removed in logarithmic time.
struct TimerHeap {
    private var heap: [HeapTimer] = []

    /// How many timers wait.
    var count: Int { heap.count }

    /// The timer that is due first.
    var first: HeapTimer? { heap.first }

    /// Adds a timer.
    mutating func insert(_ timer: HeapTimer) {
        timer.position = heap.count
        heap.append(timer)
        moveUp(from: heap.count - 1)
    }

    /// Removes a timer that may be in the heap.
    mutating func remove(_ timer: HeapTimer) {
        let index = timer.position
        guard index >= 0 else { return }
        timer.position = -1
        let last = heap.removeLast()
        guard index < heap.count else { return }
        heap[index] = last
        last.position = index
        moveUp(from: index)
        moveDown(from: last.position)
    }

    /// Removes all timers and lets their actions go.
    mutating func removeAll() {
        let all = heap
        heap = []
        for timer in all {
            timer.position = -1
            timer.action = nil
        }
    }

    private mutating func moveUp(from start: Int) {
        var index = start
        let timer = heap[index]
        while index > 0 {
            let parent = (index - 1) / 2
            guard timer.precedes(heap[parent]) else { break }
            heap[index] = heap[parent]
            heap[index].position = index
            index = parent
        }
        heap[index] = timer
        timer.position = index
    }

    private mutating func moveDown(from start: Int) {
        var index = start
        let timer = heap[index]
        while true {
            var child = 2 * index + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1].precedes(heap[child]) { child += 1 }
            guard heap[child].precedes(timer) else { break }
            heap[index] = heap[child]
            heap[index].position = index
            index = child
        }
        heap[index] = timer
        timer.position = index
    }
}
