/// A binary heap with the farthest use on top.
struct MaximumHeap {
    /// When a key is used next.
    struct Item {
        let use: Int
        let key: Int
    }

    private var items: [Item] = []

    /// The item with the farthest use; nil when there is none.
    var top: Item? { items.first }

    mutating func insert(_ item: Item) {
        items.append(item)
        var place = items.count - 1
        while place > 0, items[(place - 1) / 2].use < items[place].use {
            items.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    mutating func removeTop() {
        guard let last = items.popLast(), !items.isEmpty else { return }
        items[0] = last
        var place = 0
        while true {
            var largest = place
            for child in [2 * place + 1, 2 * place + 2]
            where child < items.count && items[child].use > items[largest].use {
                largest = child
            }
            if largest == place { return }
            items.swapAt(place, largest)
            place = largest
        }
    }
}
