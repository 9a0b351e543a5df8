import RepriseLogging
import RepriseNetwork
import RepriseSimulator
import RepriseTesting
import Testing

@testable import reprise

/// Drawn sequences of requests, sent to two servers: to one each in one read, which the fast path may
/// answer, to the other cut behind its first byte, which it may not. Both have to answer the same.
struct FastPathDifferentialTests {
    private static let noon: Int64 = 1_700_000_000_000

    private static let fields = [
        "X-Proxy-TTL: 5", "X-Proxy-TTL: 0", "X-Proxy-TTL: soon", "X-Proxy-Refresh: true",
        "X-Proxy-Namespace: n", "Cache-Control: no-cache", "Cache-Control: no-store",
        "Cache-Control: max-age=2", "Cache-Control: only-if-cached", "Cache-Control: max-stale",
        "Authorization: Bearer 1", "X-Api-Key: 1", "X-Unknown: 1", "Connection: close",
        "Connection: keep-alive", "Expect: 100-continue", "Content-Encoding: gzip", "Host: b",
        " folded", "X Y: 1", "Transfer-Encoding: chunked",
    ]

    /// The bytes of one request, most often a plain one.
    private func request(_ random: inout SeededRandom) -> [UInt8] {
        var request = ChatRequest(question: random.pick(["a", "b", "cc"]) ?? "a")
        if random.chance(0.4) {
            for _ in 0..<random.number(in: 1...2) {
                request.fields += (random.pick(Self.fields) ?? "") + "\r\n"
            }
        }
        if random.chance(0.05) { request.version = "1.0" }
        var bytes = request.bytes
        if random.chance(0.05) { bytes = [13, 10] + bytes }
        if random.chance(0.03) { bytes[random.number(below: bytes.count)] ^= 0x20 }
        if random.chance(0.02) { bytes.removeLast(random.number(in: 1...20)) }
        if random.chance(0.1) { bytes += self.request(&random) }
        return bytes
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func bothWaysAnswerTheSame(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let fast = try SimulatedServer(ChatRequest.echo()) { $0.ttl = 20 }
        let whole = try SimulatedServer(ChatRequest.echo()) { $0.ttl = 20 }
        var now = Self.noon
        for _ in 0..<12 {
            let peers = [fast.connect(), whole.connect()]
            for _ in 0..<random.number(in: 1...5) {
                // Later within its second than the one before, and there are few: so an age is the
                // same whether the request took a millisecond more or less.
                now += 1000 * Int64(random.number(below: 4)) + 12
                let bytes = request(&random)
                let pieces = [[bytes], [[bytes[0]], Array(bytes.dropFirst())]]
                for ((server, peer), pieces) in zip(zip([fast, whole], peers), pieces) {
                    server.host.setWallClock(now)
                    for piece in pieces { peer.add([.send(piece), .wait(.milliseconds(1))]) }
                    server.world.run(for: .milliseconds(20))
                }
                #expect(peers[0].receivedText == peers[1].receivedText)
                #expect((peers[0].endedAt == nil) == (peers[1].endedAt == nil))
            }
            for (server, peer) in zip([fast, whole], peers) {
                peer.add([.close])
                server.world.run(for: .milliseconds(20))
            }
        }
        #expect(fast.upstream.requestCount == whole.upstream.requestCount)
        #expect(fast.upstream.requests.map(\.head) == whole.upstream.requests.map(\.head))
        #expect(fast.log.lines.count { $0["cache"] == .text("hit") } > 5)
    }
}
