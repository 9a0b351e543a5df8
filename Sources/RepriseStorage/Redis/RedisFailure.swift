/// What a Redis server says when it refuses a command: its first word, and where to ask instead.
///
/// The rest of what it says is not kept: servers quote arguments there, which may be a password.
struct RedisFailure: Error, Equatable, Sendable {
    /// The word that tells the kind of error, such as `WRONGPASS`; `ERR` when there is none.
    let code: String
    /// Where to ask instead; nil but for `MOVED` and `ASK`.
    let redirection: RedisRedirection?

    /// Reads an error's text.
    init(_ text: some Collection<UInt8>) {
        let words = text.split(separator: UInt8(ascii: " "), maxSplits: 2)
        let isCode =
            words.first.map { word in
                1...32 ~= word.count
                    && word.allSatisfy { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 }
            } ?? false
        code = isCode ? words.first.map { String(decoding: $0, as: UTF8.self) } ?? "ERR" : "ERR"
        redirection = RedisRedirection(code, words.dropFirst().map { Array($0) })
    }

    /// The error as the callers of a store know it.
    func storeError(of server: RedisEndpoint) -> StoreError {
        switch code {
        case "OOM": .full
        case "WRONGPASS": .unavailable("\(server) refuses the user or the password")
        case "NOAUTH": .unavailable("\(server) wants a password")
        case "NOPERM": .unavailable("\(server) does not let this user do what a cache needs")
        case "LOADING": .unavailable("\(server) is loading its data")
        case "READONLY": .unavailable("\(server) is a replica that takes no writes")
        case "MISCONF": .unavailable("\(server) takes no writes, for it cannot save to its disk")
        case "CLUSTERDOWN": .unavailable("\(server) says that its cluster is down")
        case "MOVED", "ASK":
            .unavailable(
                "\(server) is one of a cluster; write redis-cluster:// instead of redis://")
        default: .unavailable("\(server) answered with the error \(code)")
        }
    }
}

/// A node of a cluster says that another one has a key.
struct RedisRedirection: Error, Equatable, Sendable {
    /// Whether the other has only this key yet, and not the whole slot (`ASK`).
    let isForOneCommand: Bool
    /// The key's slot.
    let slot: Int
    /// The other's host; empty when it is that of the node that said so.
    let host: String
    /// The other's port.
    let port: Int

    /// Reads the words that follow the code `MOVED` or `ASK`: the slot, and host and port.
    fileprivate init?(_ code: String, _ words: [[UInt8]]) {
        guard code == "MOVED" || code == "ASK", words.count == 2,
            let slot = Int(String(decoding: words[0], as: UTF8.self)),
            0..<RedisSlotMap.slotCount ~= slot,
            let address = String(validating: words[1], as: UTF8.self),
            let colon = address.lastIndex(of: ":"),
            let port = Int(address[address.index(after: colon)...]), 1...65_535 ~= port
        else { return nil }
        isForOneCommand = code == "ASK"
        self.slot = slot
        self.port = port
        let host = address[..<colon]
        // An endpoint that the node does not know itself is written as a question mark.
        self.host = host == "?" ? "" : String(host)
    }

    /// The other node, as the one that said so sees it.
    func endpoint(toldBy teller: RedisEndpoint) -> RedisEndpoint {
        RedisEndpoint(host: host.isEmpty ? teller.host : host, port: port)
    }
}
