import NIOCore
import NIOEmbedded
import RepriseStorage

@testable import RepriseServer

/// Plays random requests, in random pieces, with responses at random times, on one connection, and
/// checks that each got its own answer, in order.
struct ConnectionScript {
    /// What the client sends, one after the other.
    private struct Item {
        var target: String
        var bytes: [UInt8]
    }

    private var source: SeededSource
    private let connection: HitPathConnection
    private var items: [Item] = []
    /// What cannot be parsed, behind all requests.
    private var garbage: [UInt8] = []
    private var received: [UInt8] = []
    private var answered = 0
    /// What went wrong.
    private(set) var faults: [String] = []
    /// How many requests were answered by the hit path.
    private(set) var hits = 0
    /// How many requests the full path answered.
    var misses: Int { items.count - hits }

    /// Makes a connection and what is sent on it.
    init(seed: UInt64) throws {
        source = SeededSource(seed)
        connection = try HitPathConnection()
        for number in 0..<3 {
            let text = Self.json("known\(number)")
            connection.learn(text.bytes, HitPathConnection.response("stored \(text.target)"))
        }
        for number in 0..<1 + source.below(12) { items.append(item(number)) }
        if source.once(in: 4) {
            garbage = source.pick(Self.garbage)
        }
    }

    private static let garbage: [[UInt8]] = [
        "\0\0\0", "POST /v1/x HTTP/9.9\r\n\r\n", "{}\r\n\r\n",
        "POST /v1/x HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", "\u{16}\u{3}\u{1}",
        "POST /v1/x HTTP/1.1\r\nHost : h\r\n\r\n",
    ].map { Array($0.utf8) }

    private static func json(_ query: String) -> RequestText {
        RequestText(target: "/v1/chat/completions?\(query)", body: "{\"q\":\"\(query)\"}")
    }

    private mutating func item(_ number: Int) -> Item {
        var text = Self.json("known\(source.below(3))")
        switch source.below(10) {
        case 0: text = Self.json("new\(source.below(3))")
        case 1: text = Self.json("known0").adding("X-Proxy-Namespace", "n\(number)")
        case 2:
            text = RequestText(
                method: "GET", target: "/v1/models?\(number)", fields: [("Host", "h")], body: nil)
        case 3:
            text = RequestText(
                target: "/v1/files?\(number)",
                fields: [("Host", "h"), ("Content-Type", "multipart/form-data")],
                body: String(decoding: Self.json("known0").bytes, as: UTF8.self))
        case 4 where source.once(in: 2):
            text = Self.json("odd\(number)").adding("Accept", "a").adding("Accept", "b")
        case 4:
            text = RequestText(target: "/v1/x?\(number)", body: nil)
                .adding("Transfer-Encoding", "chunked")
            return Item(
                target: text.target, bytes: text.bytes + Array("3\r\nabc\r\n0\r\n\r\n".utf8))
        default: break
        }
        // Two that differ in a directive only: the responder tells them apart by their target.
        if text.fields.contains(where: { $0.0 == "X-Proxy-Namespace" }) {
            text.target = "/v1/responses?\(number)"
        }
        return Item(target: text.target, bytes: text.bytes)
    }

    // MARK: Playing

    /// Plays it all.
    mutating func run() throws {
        // Most clients send a request when they have the last one's response; some do not wait.
        let isPatient = !source.once(in: 3)
        let parts = isPatient ? items.map(\.bytes) : [items.flatMap(\.bytes)]
        for part in parts + [garbage] {
            try send(part)
            if isPatient { while connection.wholeRequests > answered { try answer() } }
        }
        while connection.wholeRequests > answered { try answer() }
        connection.channel.close(promise: nil)
        try check()
    }

    /// Sends bytes in pieces, and answers requests now and then.
    private mutating func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty, connection.channel.isActive {
            let count = min(rest.count, source.once(in: 3) ? 1000 : 1 + source.below(200))
            let isWritable = !source.once(in: 10)
            connection.channel.isWritable = isWritable
            try connection.send(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
            try collect(isWritable: isWritable)
            connection.channel.isWritable = true
            while connection.wholeRequests > answered, !source.once(in: 3) { try answer() }
        }
    }

    private mutating func collect(isWritable: Bool) throws {
        let bytes = try connection.received()
        if !isWritable {
            let text = String(decoding: bytes, as: UTF8.self)
            expect(!text.contains("reprise; hit"), "a hit for a client that does not read")
        }
        received += bytes
        checkAlias()
    }

    /// Answers the oldest request that is owed an answer, and stores the response if it has an
    /// alias, as the full path does.
    private mutating func answer() throws {
        checkAlias()
        let target = connection.targets[answered]
        if let alias = connection.client.alias,
            let item = items.first(where: { $0.target == target })
        {
            expect(alias == connection.alias(of: item.bytes), "another request's alias")
            connection.learn(item.bytes, HitPathConnection.response("stored \(target)"))
        }
        answered += 1
        connection.respond("full \(target)")
        try collect(isWritable: true)
    }

    private mutating func expect(_ isRight: Bool, _ fault: String) {
        if !isRight { faults.append(fault) }
    }

    private mutating func checkAlias() {
        guard let alias = connection.client.alias else { return }
        let owed = connection.targets.dropFirst(answered)
        expect(
            owed.count == 1 && connection.wholeRequests == connection.targets.count,
            "an alias, and not exactly one request in hand")
        let item = items.first { $0.target == owed.first }
        expect(
            item.flatMap { connection.alias(of: $0.bytes) } == alias,
            "an alias of another request than the one in hand")
    }

    // MARK: The result

    private mutating func check() throws {
        let responses = try ResponseParse(received).responses
        guard responses.count >= items.count else {
            return faults.append("\(responses.count) responses to \(items.count) requests")
        }
        var handedOn: [UInt8] = []
        for (item, response) in zip(items, responses) {
            let isHit = response.value("cache-status")?.hasPrefix("reprise; hit") == true
            hits += isHit ? 1 : 0
            expect(
                response.body == (isHit ? "stored " : "full ") + item.target,
                "\(response.body) for \(item.target)")
            if !isHit { handedOn += item.bytes }
        }
        // The connection may have been closed before all of the garbage was sent.
        expect(connection.handedOn.starts(with: handedOn), "bytes that were not handed on")
        expect(
            (handedOn + garbage).starts(with: connection.handedOn),
            "bytes that were handed on wrongly")
        expect(
            responses.dropFirst(items.count).allSatisfy { $0.status == 400 }, "garbage was answered"
        )
        expect(responses.count <= items.count + 1, "too many responses")
    }
}
