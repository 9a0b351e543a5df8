/// A growing list of plain values that one owner fills, changes and drops.
///
/// Unlike an array it is never shared, so that no access asks whether it is; and indices are checked
/// where they are made, not where they are used: those below ``count`` are valid.
struct ScratchList<Element: BitwiseCopyable>: ~Copyable {
    private var elements: UnsafeMutablePointer<Element>
    private var capacity: Int
    /// How many elements there are.
    private(set) var count = 0

    /// Makes an empty list with room for some elements, at least one.
    init(capacity: Int) {
        elements = .allocate(capacity: capacity)
        self.capacity = capacity
    }

    deinit {
        elements.deallocate()
    }

    /// Adds an element behind the last one.
    @inline(__always)
    mutating func append(_ element: Element) {
        if count == capacity { grow() }
        (elements + count).initialize(to: element)
        count &+= 1
    }

    /// Adds some elements that are to be set before they are used.
    @inline(__always)
    mutating func makeRoom(for additional: Int) {
        count &+= additional
        while count > capacity { grow() }
    }

    /// Drops the elements from an index on, which must not be above ``count``.
    @inline(__always)
    mutating func removeAll(from index: Int) {
        count = index
    }

    /// The element at an index, which must be below ``count``.
    @inline(__always)
    subscript(index: Int) -> Element {
        get {
            assert(index >= 0 && index < count)
            return elements[index]
        }
        set {
            assert(index >= 0 && index < count)
            elements[index] = newValue
        }
    }

    @inline(never)
    private mutating func grow() {
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: capacity * 2)
        larger.moveInitialize(from: elements, count: min(count, capacity))
        elements.deallocate()
        elements = larger
        capacity *= 2
    }
}
