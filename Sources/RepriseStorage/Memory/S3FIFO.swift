/// A bounded map that evicts by S3-FIFO, without locks or clocks.
///
/// Yang, Zhang, Qiu, Yue, Rashmi: "FIFO queues are all you need for cache eviction", SOSP 2023.
/// A new key enters a small queue of a tenth of the capacity. Most keys are asked for once: they
/// leave from there soon, so a scan cannot push out the main queue, as it would with LRU. A key
/// asked for twice or more while in the small queue moves on to the main queue; a key that left
/// the small queue too early is remembered (as a ghost, without its value) and enters the main
/// queue at once when it comes back. The main queue gives a key another round for each time it was
/// asked for, three at most.
///
/// A hit changes one counter, moves nothing, and allocates nothing. All three queues are lists
/// linked by index through one array of slots, so that removing a key leaves no tombstone.
struct S3FIFO<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// The greatest sum of the costs of all values.
    let capacity: Int
    /// The sum of the costs of all values now; never over `capacity`.
    private(set) var cost = 0
    /// How many values there are.
    private(set) var count = 0
    /// How many values were evicted to make room.
    private(set) var evictions = 0
    /// How many keys are remembered without a value; at most as many as there are values, or
    /// ``minimumGhosts``.
    var ghostCount: Int { ghost.count }

    /// The number of ghosts that may be kept however few values there are.
    static var minimumGhosts: Int { 64 }
    /// The share of the capacity that the small queue may hold once there is no room left.
    private static var smallShare: Int { 10 }
    /// How many second chances one eviction hands out before it takes the next value regardless.
    ///
    /// The paper has no such limit; without it, one insertion into a large cache in which every
    /// value has been used would walk all of it, under a lock.
    private static var maximumReprieves: Int { 512 }

    private var index: [Key: Int32] = [:]
    private var slots: [Slot] = []
    private var free: Int32 = Slot.none
    private var small = List()
    private var main = List()
    private var ghost = List()

    /// Makes an empty map.
    ///
    /// - Parameter capacity: The greatest sum of costs.
    init(capacity: Int) {
        self.capacity = capacity
    }

    /// The value of a key, counted as a use of it.
    mutating func value(for key: Key) -> Value? {
        guard let position = index[key] else { return nil }
        let slot = Int(position)
        guard let value = slots[slot].value else { return nil }
        if slots[slot].uses < 3 { slots[slot].uses += 1 }
        return value
    }

    /// Stores a value under a key in place of what was there.
    ///
    /// - Parameters:
    ///   - cost: What the value counts towards the capacity, at least 0.
    ///   - released: Gets every value that left, so that the caller can let go of them outside
    ///     of a lock.
    /// - Returns: Whether the value was admitted; one that costs more than the capacity is not,
    ///   and what stood under its key is removed all the same.
    @discardableResult
    mutating func insert(
        _ value: Value, for key: Key, cost newCost: Int, released: inout [Value]
    ) -> Bool {
        guard newCost <= capacity else {
            remove(key, released: &released)
            return false
        }
        var uses: UInt8 = 0
        var destination = Slot.Queue.small
        if let position = index[key] {
            let slot = slots[Int(position)]
            switch slot.queue {
            case .ghost: destination = .main
            case .small, .main: (destination, uses) = (slot.queue, slot.uses)
            }
            discard(position, released: &released)
        }
        while cost + newCost > capacity { evict(released: &released) }
        let position = allocate(
            Slot(key: key, value: value, cost: newCost, uses: uses, queue: destination))
        index[key] = position
        append(position, to: destination)
        cost += newCost
        count += 1
        forgetGhosts(released: &released)
        return true
    }

    /// Removes a key and what is remembered of it.
    mutating func remove(_ key: Key, released: inout [Value]) {
        guard let position = index[key] else { return }
        discard(position, released: &released)
        forgetGhosts(released: &released)
    }

    // MARK: - Eviction

    private mutating func evict(released: inout [Value]) {
        let evicted =
            small.cost > capacity / Self.smallShare || main.count == 0
            ? evictFromSmall(released: &released) : false
        if !evicted { evictFromMain(released: &released) }
    }

    /// Moves used values on to the main queue until one is evicted.
    ///
    /// - Returns: false when all values of the queue moved on.
    private mutating func evictFromSmall(released: inout [Value]) -> Bool {
        var reprieves = 0
        while small.count > 0 {
            let position = small.head
            unlink(position)
            let slot = Int(position)
            if slots[slot].uses > 1, reprieves < Self.maximumReprieves {
                reprieves += 1
                slots[slot].uses = 0
                append(position, to: .main)
                continue
            }
            count -= 1
            cost -= slots[slot].cost
            evictions += 1
            if let value = slots[slot].value { released.append(value) }
            slots[slot].value = nil
            slots[slot].cost = 0
            append(position, to: .ghost)
            return true
        }
        return false
    }

    private mutating func evictFromMain(released: inout [Value]) {
        var reprieves = 0
        while main.count > 0 {
            let position = main.head
            let slot = Int(position)
            if slots[slot].uses > 0, reprieves < Self.maximumReprieves {
                reprieves += 1
                slots[slot].uses -= 1
                unlink(position)
                append(position, to: .main)
                continue
            }
            evictions += 1
            discard(position, released: &released)
            return
        }
    }

    private mutating func forgetGhosts(released: inout [Value]) {
        while ghost.count > max(count, Self.minimumGhosts) {
            discard(ghost.head, released: &released)
        }
    }

    // MARK: - Slots and lists

    /// Forgets a slot altogether, value or ghost.
    private mutating func discard(_ position: Int32, released: inout [Value]) {
        let slot = Int(position)
        unlink(position)
        if let value = slots[slot].value {
            released.append(value)
            count -= 1
            cost -= slots[slot].cost
        }
        index[slots[slot].key] = nil
        slots[slot].value = nil
        slots[slot].next = free
        free = position
    }

    private mutating func allocate(_ slot: Slot) -> Int32 {
        guard free != Slot.none else {
            slots.append(slot)
            return Int32(slots.count - 1)
        }
        let position = free
        free = slots[Int(position)].next
        slots[Int(position)] = slot
        return position
    }

    private mutating func append(_ position: Int32, to queue: Slot.Queue) {
        let list = list(queue)
        slots[Int(position)].queue = queue
        slots[Int(position)].previous = list.tail
        slots[Int(position)].next = Slot.none
        if list.tail != Slot.none { slots[Int(list.tail)].next = position }
        let cost = slots[Int(position)].cost
        update(queue) { list in
            if list.tail == Slot.none { list.head = position }
            list.tail = position
            list.count += 1
            list.cost += cost
        }
    }

    private mutating func unlink(_ position: Int32) {
        let slot = slots[Int(position)]
        if slot.previous != Slot.none { slots[Int(slot.previous)].next = slot.next }
        if slot.next != Slot.none { slots[Int(slot.next)].previous = slot.previous }
        update(slot.queue) { list in
            if list.head == position { list.head = slot.next }
            if list.tail == position { list.tail = slot.previous }
            list.count -= 1
            list.cost -= slot.cost
        }
    }

    private func list(_ queue: Slot.Queue) -> List {
        switch queue {
        case .small: small
        case .main: main
        case .ghost: ghost
        }
    }

    private mutating func update(_ queue: Slot.Queue, _ change: (inout List) -> Void) {
        switch queue {
        case .small: change(&small)
        case .main: change(&main)
        case .ghost: change(&ghost)
        }
    }

    /// A first-in-first-out queue: values leave at the head.
    private struct List: Sendable {
        var head = Slot.none
        var tail = Slot.none
        var count = 0
        var cost = 0
    }

    private struct Slot: Sendable {
        enum Queue: UInt8 { case small, main, ghost }

        /// The index that stands for no slot.
        static var none: Int32 { -1 }

        let key: Key
        var value: Value?
        var cost: Int
        var uses: UInt8
        var queue: Queue
        var next = Slot.none
        var previous = Slot.none
    }
}
