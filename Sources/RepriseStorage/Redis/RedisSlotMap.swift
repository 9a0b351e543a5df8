/// Which node of a cluster has which slot of the key space (Redis cluster specification).
struct RedisSlotMap: Equatable, Sendable {
    /// The number of slots.
    static let slotCount = 16_384

    /// The nodes that have slots.
    private(set) var nodes: [RedisEndpoint]
    /// For each slot the index of its node, or -1.
    private var owners: [Int16]

    /// Reads the reply to `CLUSTER SLOTS`.
    ///
    /// - Parameter teller: The node that replied; it may leave out its own host.
    /// - Returns: nil when it is no such reply, or no slot has a node.
    init?(_ reply: RESPValue, toldBy teller: RedisEndpoint) {
        guard case .array(let ranges) = reply else { return nil }
        nodes = []
        owners = Array(repeating: -1, count: Self.slotCount)
        var places: [RedisEndpoint: Int16] = [:]
        for range in ranges {
            guard case .array(let parts) = range, parts.count >= 3,
                let first = parts[0].number, let last = parts[1].number,
                0 <= first, first <= last, last < Int64(Self.slotCount),
                case .array(let node) = parts[2], node.count >= 2,
                let port = node[1].number, 1...65_535 ~= port
            else { return nil }
            let host = node[0].text ?? ""
            let endpoint = RedisEndpoint(
                host: host.isEmpty || host == "?" ? teller.host : host, port: Int(port))
            let place = places[endpoint] ?? Int16(nodes.count)
            if places.updateValue(place, forKey: endpoint) == nil {
                guard nodes.count < 1000 else { return nil }
                nodes.append(endpoint)
            }
            for slot in Int(first)...Int(last) { owners[slot] = place }
        }
        guard !nodes.isEmpty else { return nil }
    }

    /// The node that has a slot; nil when none has.
    func node(of slot: Int) -> RedisEndpoint? {
        let place = Int(owners[slot])
        return nodes.indices.contains(place) ? nodes[place] : nil
    }

    /// Notes that a node turned out to have a slot.
    mutating func assign(_ slot: Int, to endpoint: RedisEndpoint) {
        let place = nodes.firstIndex(of: endpoint) ?? nodes.count
        if place == nodes.count { nodes.append(endpoint) }
        owners[slot] = Int16(clamping: place)
    }

    /// The slot of a key: its CRC-16 (XMODEM) modulo the number of slots. The names of a cache have
    /// no hash tags in braces, which would count instead.
    static func slot(of key: some Sequence<UInt8>) -> Int {
        var crc: UInt16 = 0
        for byte in key {
            crc = crc << 8 ^ crcTable[Int(UInt8(truncatingIfNeeded: crc >> 8) ^ byte)]
        }
        return Int(crc) % slotCount
    }

    private static let crcTable: [UInt16] = (0..<256).map { index in
        var crc = UInt16(index) << 8
        for _ in 0..<8 { crc = crc & 0x8000 == 0 ? crc << 1 : crc << 1 ^ 0x1021 }
        return crc
    }
}
