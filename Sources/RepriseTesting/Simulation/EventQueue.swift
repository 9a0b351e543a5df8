/// An object to which events of the world happen.
protocol EventTarget: AnyObject {
    /// An event has come.
    ///
    /// - Parameter code: Which of the target's events; its meaning is the target's own.
    func fire(_ code: Int)
}

/// An event that was put into a queue, by which it can be taken out again.
struct EventHandle {
    fileprivate var slot: Int32
    fileprivate var generation: UInt32
}

/// An event that is due.
struct DueEvent {
    var target: any EventTarget
    var loop: SimulatedLoop?
    var code: Int
}

/// The events to come, ordered by (time, sequence): a heap of plain keys beside a table of what
/// they stand for.
///
/// A cancelled event lets go of its target at once; its key stays until it is due or until such
/// keys are more than half of the heap.
struct EventQueue {
    private struct Key {
        var time: Int64
        var sequence: UInt64
        var slot: Int32

        @inline(__always)
        func comes(before other: Key) -> Bool {
            time < other.time || (time == other.time && sequence < other.sequence)
        }
    }

    private struct Slot {
        var target: (any EventTarget)?
        var loop: SimulatedLoop?
        var code: Int
        var generation: UInt32
    }

    private var heap: [Key] = []
    private var slots: [Slot] = []
    private var free: [Int32] = []
    private var cancelled = 0
    private var sequence: UInt64 = 0

    /// Events to come that are not cancelled.
    var count: Int { heap.count - cancelled }

    /// The time of the first event, if any is left.
    mutating func nextTime() -> Int64? {
        dropCancelled()
        return heap.first?.time
    }

    /// Adds an event behind those of the same time.
    @discardableResult
    mutating func add(
        _ target: any EventTarget, code: Int, loop: SimulatedLoop?, time: Int64
    ) -> EventHandle {
        sequence &+= 1
        let slot: Int32
        if let last = free.popLast() {
            slot = last
            slots[Int(slot)].target = target
            slots[Int(slot)].loop = loop
            slots[Int(slot)].code = code
        } else {
            slot = Int32(slots.count)
            slots.append(Slot(target: target, loop: loop, code: code, generation: 0))
        }
        heap.append(Key(time: time, sequence: sequence, slot: slot))
        rise(from: heap.count - 1)
        return EventHandle(slot: slot, generation: slots[Int(slot)].generation)
    }

    /// Takes an event out. Without effect once it has been.
    mutating func cancel(_ handle: EventHandle) {
        let index = Int(handle.slot)
        guard slots[index].generation == handle.generation, slots[index].target != nil else {
            return
        }
        // The slot stays taken until its key leaves the heap, or the key would mean another event.
        slots[index].generation &+= 1
        slots[index].target = nil
        slots[index].loop = nil
        cancelled += 1
        if cancelled > 64, cancelled > heap.count / 2 { compact() }
    }

    /// Takes the first event that is due at a time or before.
    mutating func next(until limit: Int64) -> (time: Int64, event: DueEvent)? {
        while let first = heap.first, first.time <= limit {
            removeFirst()
            let index = Int(first.slot)
            let target = slots[index].target.take()
            let loop = slots[index].loop.take()
            let code = slots[index].code
            free.append(first.slot)
            guard let target else {
                cancelled -= 1
                continue
            }
            slots[index].generation &+= 1
            return (first.time, DueEvent(target: target, loop: loop, code: code))
        }
        return nil
    }

    /// The events that are not cancelled, in order.
    func events() -> [(time: Int64, target: any EventTarget, loop: SimulatedLoop?)] {
        heap.sorted { $0.comes(before: $1) }.compactMap { key in
            let slot = slots[Int(key.slot)]
            guard let target = slot.target else { return nil }
            return (key.time, target, slot.loop)
        }
    }

    // MARK: The heap

    private mutating func dropCancelled() {
        while let first = heap.first, slots[Int(first.slot)].target == nil {
            removeFirst()
            free.append(first.slot)
            cancelled -= 1
        }
    }

    private mutating func compact() {
        var kept: [Key] = []
        kept.reserveCapacity(heap.count - cancelled)
        for key in heap {
            if slots[Int(key.slot)].target == nil {
                free.append(key.slot)
            } else {
                kept.append(key)
            }
        }
        heap = kept
        cancelled = 0
        for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { sink(from: index) }
    }

    private mutating func removeFirst() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        heap[0] = last
        sink(from: 0)
    }

    private mutating func rise(from start: Int) {
        var index = start
        let key = heap[index]
        while index > 0 {
            let parent = (index - 1) / 2
            guard key.comes(before: heap[parent]) else { break }
            heap[index] = heap[parent]
            index = parent
        }
        heap[index] = key
    }

    private mutating func sink(from start: Int) {
        var index = start
        let key = heap[index]
        let count = heap.count
        while true {
            var child = 2 * index + 1
            guard child < count else { break }
            if child + 1 < count, heap[child + 1].comes(before: heap[child]) { child += 1 }
            guard heap[child].comes(before: key) else { break }
            heap[index] = heap[child]
            index = child
        }
        heap[index] = key
    }
}
