/// Values by the readers of a fetch, in the order in which they came.
///
/// Numbers only grow, so a search halves; and most fetches have one reader, which a dictionary would
/// hash for nothing.
struct ReaderList<Value> {
    /// One reader's value.
    struct Item {
        /// The reader.
        let id: Int
        /// What is kept for it.
        var value: Value
    }

    /// All of them, by growing number.
    private(set) var items: [Item] = []

    /// Whether there is none.
    var isEmpty: Bool { items.isEmpty }

    /// How many there are.
    var count: Int { items.count }

    /// Adds a value for a reader that came after all others.
    mutating func append(_ value: Value, for id: Int) {
        precondition(items.last.map { $0.id < id } ?? true, "readers are numbered as they come")
        items.append(Item(id: id, value: value))
    }

    /// The value of a reader.
    subscript(id: Int) -> Value? { index(of: id).map { items[$0].value } }

    /// Changes the value of a reader, if there is one.
    mutating func update(_ id: Int, _ change: (inout Value) -> Void) {
        if let index = index(of: id) { change(&items[index].value) }
    }

    /// Changes each value.
    mutating func updateAll(_ change: (Int, inout Value) -> Void) {
        for index in items.indices { change(items[index].id, &items[index].value) }
    }

    /// Takes a reader's value out.
    @discardableResult
    mutating func remove(_ id: Int) -> Value? {
        index(of: id).map { items.remove(at: $0).value }
    }

    private func index(of id: Int) -> Int? {
        var (low, high) = (0, items.count)
        while low < high {
            let middle = (low + high) / 2
            if items[middle].id == id { return middle }
            if items[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return nil
    }
}

extension ReaderList: Sendable where Value: Sendable {}
extension ReaderList.Item: Sendable where Value: Sendable {}
