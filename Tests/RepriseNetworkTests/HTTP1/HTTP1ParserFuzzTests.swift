#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
import Testing

@testable import RepriseNetwork

/// Random messages, whole and in pieces: they must come to the same, whatever they are.
///
/// `REPRISE_FUZZ_SECONDS` says how long to go on; without it a fixed number of rounds is run, the
/// same each time.
struct HTTP1ParserFuzzTests {
    /// SplitMix64.
    private struct Dice: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
            return mixed ^ mixed >> 31
        }
    }

    private static let rounds = 1500

    /// Runs `round` for each seed in turn.
    private func forEachSeed(_ round: (UInt64) -> Void) {
        guard let text = getenv("REPRISE_FUZZ_SECONDS"), let seconds = Int(String(cString: text))
        else {
            for seed in 0..<UInt64(Self.rounds) { round(seed) }
            return
        }
        let end = ContinuousClock.now + .seconds(seconds)
        var seed = UInt64(time(nil)) << 24
        while ContinuousClock.now < end {
            round(seed)
            seed += 1
        }
    }

    private static let fragments: [String] =
        HTTP1RequestParserTests.samples.map(\.bytes) + HTTP1RequestParserTests.malformed
        + HTTP1ResponseParserTests.samples.map(\.bytes) + HTTP1ResponseParserTests.malformed
        + [
            "\r\n", "\r", "\n", " ", ":", ",", "0\r\n\r\n", "5\r\nhello\r\n", "chunked", "close",
            "Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n", "Host: a\r\n",
        ]

    private static func message(_ dice: inout Dice, from samples: [String]) -> [UInt8] {
        var bytes = wire(samples.randomElement(using: &dice) ?? "")
        if Bool.random(using: &dice) { bytes += wire(samples.randomElement(using: &dice) ?? "") }
        for _ in 0..<Int.random(in: 0...4, using: &dice) {
            let place = Int.random(in: 0...bytes.count, using: &dice)
            let length = min(Int.random(in: 0...8, using: &dice), bytes.count - place)
            switch Int.random(in: 0..<5, using: &dice) {
            case 0: bytes.removeSubrange(place..<(place + length))
            case 1: bytes.insert(UInt8.random(in: 0...255, using: &dice), at: place)
            case 2 where place < bytes.count:
                bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &dice)
            case 3: bytes.insert(contentsOf: bytes[place..<(place + length)], at: place)
            default:
                bytes.insert(
                    contentsOf: wire(fragments.randomElement(using: &dice) ?? ""), at: place)
            }
        }
        return bytes
    }

    private static func cuts(_ dice: inout Dice, count: Int) -> [Int] {
        (0..<Int.random(in: 1...6, using: &dice)).map { _ in Int.random(in: 0...count, using: &dice)
        }
        .sorted()
    }

    @Test func requestsAreTheSameHoweverTheyAreCut() {
        let memory = GuardedBytes(capacity: 8192)
        let samples = HTTP1RequestParserTests.samples.map(\.bytes)
        var accepted = 0
        forEachSeed { seed in
            var dice = Dice(state: seed)
            let bytes = Self.message(&dice, from: samples)
            let whole = HTTP1RequestParserTests.parse(bytes, in: memory)
            let cuts = Self.cuts(&dice, count: bytes.count)
            #expect(
                HTTP1RequestParserTests.parse(bytes, cuts: cuts, in: memory) == whole,
                "seed \(seed)")
            if whole.flaw == nil { accepted += 1 }
            expectFramed(whole, seed: seed)
        }
        #expect(accepted > 0)
    }

    /// What was accepted holds nothing that another reader could take for something else.
    private func expectFramed(_ result: ParsedMessages<HTTP1RequestHead>, seed: UInt64) {
        for head in result.heads {
            let lengths = (0..<head.fields.count).count {
                head.fields.isNamed($0, "content-length")
            }
            let codings = (0..<head.fields.count).count {
                head.fields.isNamed($0, "transfer-encoding")
            }
            #expect(lengths + codings <= 1, "seed \(seed)")
            #expect((head.framing == .chunked) == (codings == 1), "seed \(seed)")
            #expect((head.framing == .none) == (lengths + codings == 0), "seed \(seed)")
            for index in 0..<head.fields.count {
                let value = head.fields.value(index)
                let isName = head.fields.name(index).allSatisfy(\.mayStandInToken)
                #expect(isName, "seed \(seed)")
                let isValue = value.allSatisfy(\.mayStandInValue)
                #expect(isValue, "seed \(seed)")
                #expect(value.first?.isBlank != true && value.last?.isBlank != true)
            }
        }
    }

    @Test func responsesAreTheSameHoweverTheyAreCut() {
        let memory = GuardedBytes(capacity: 8192)
        let samples = HTTP1ResponseParserTests.samples
        var accepted = 0
        forEachSeed { seed in
            var dice = Dice(state: seed)
            let bytes = Self.message(&dice, from: samples.map(\.bytes))
            let kind = samples.randomElement(using: &dice)?.kind ?? .other
            let whole = HTTP1ResponseParserTests.parse(bytes, kind: kind, in: memory)
            let cuts = Self.cuts(&dice, count: bytes.count)
            #expect(
                HTTP1ResponseParserTests.parse(bytes, cuts: cuts, kind: kind, in: memory) == whole,
                "seed \(seed)")
            if whole.flaw == nil { accepted += 1 }
            #expect(whole.heads.count <= 1 && whole.endCount <= 1)
        }
        #expect(accepted > 0)
    }
}
