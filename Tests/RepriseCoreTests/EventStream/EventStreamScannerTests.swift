import RepriseCore
import Testing

struct EventStreamScannerTests {
    private typealias Event = EventStreamScanner.Event

    private static func scan(_ chunks: [[UInt8]], limit: Int = 1 << 20) -> [String] {
        var scanner = EventStreamScanner(limit: limit)
        var events: [String] = []
        for chunk in chunks {
            var position = 0
            while let event = scanner.next(chunk.span, from: &position) {
                events.append("\(event.name.readable)|\(event.data.readable)")
            }
        }
        return events
    }

    private static let stream = [
        "\u{FEFF}: hello", "", "data: one", "", "event: e", "data:two", "data:  three", "data",
        "", "id: 7", "retry: 1", "", "event: error", "", "data:", "", "", "data: é😀",
        "unknown: x", "", "event: a", "event: b", "data: c", "", "data: unfinished",
    ].joined(separator: "\n")

    private static let events = [
        "|one", "e|two\n three\n", "error|", "|", "|é😀", "b|c",
    ]

    @Test(arguments: ["\n", "\r\n", "\r"])
    func eventsAreTheSameAtEverySplitPoint(lineEnd: String) {
        let bytes = Self.stream.replacing("\n", with: lineEnd).wire
        #expect(Self.scan([bytes]) == Self.events)
        #expect(Self.scan(bytes.map { [$0] }) == Self.events)
        for split in 0...bytes.count {
            #expect(Self.scan([Array(bytes[..<split]), Array(bytes[split...])]) == Self.events)
        }
    }

    @Test(arguments: ["\n", "\r\n", "\r"])
    func everyTruncationGivesAPrefixOfTheEvents(lineEnd: String) {
        let bytes = Self.stream.replacing("\n", with: lineEnd).wire
        for length in 0..<bytes.count {
            let events = Self.scan([Array(bytes[..<length])])
            #expect(events == Array(Self.events[..<events.count]))
        }
    }

    @Test func lineEndsMayBeMixed() {
        #expect(
            Self.scan(["data: a\r\ndata: b\r\rdata: c\n\r\ndata: d\r\n\n".wire]) == [
                "|a\nb", "|c", "|d",
            ])
    }

    @Test func markInLaterLinesIsPartOfTheField() {
        #expect(Self.scan(["data: a\n\n\u{FEFF}data: b\n\n".wire]) == ["|a"])
    }

    @Test(arguments: [
        ("", true), ("data: a\n\n", true), ("data: a\r\n\r\n", true), ("data: a\r\r", true),
        ("data: a\n\n: com", true), ("data: a\n\n \t", true),
        ("data: a\r\n\r", false), ("data: a\n", false), ("data: a", false), ("event: a\n", false),
        ("data: a\n\nd", false),
    ])
    func streamMayEndOnlyBetweenEvents(text: String, expected: Bool) {
        var scanner = EventStreamScanner()
        var position = 0
        while scanner.next(text.wire.span, from: &position) != nil {}
        #expect(scanner.isBetweenEvents == expected)
    }

    @Test(arguments: [
        "data: 0123456789\n\n", "data: 01234\ndata: 56789\n\n", "event: 0123\ndata: 456789\n\n",
        ": 01234567890123456789\n",
        "data\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\n"
            + "data\ndata\ndata\ndata\ndata\ndata\ndata\ndata\n\n",
    ])
    func eventOverTheLimitEndsTheScan(text: String) {
        for chunks in [[text.wire], text.wire.map { [$0] }] {
            var scanner = EventStreamScanner(limit: 12)
            var events = 0
            for chunk in chunks + ["\n\ndata: a\n\n".wire] {
                var position = 0
                while scanner.next(chunk.span, from: &position) != nil { events += 1 }
            }
            #expect(scanner.isOverrun)
            #expect(!scanner.isBetweenEvents)
            #expect(events == 0)
        }
    }

    @Test func manyEventsFitUnderOneLimit() {
        let text = String(repeating: "data: 0123\n\n", count: 100)
        #expect(Self.scan([text.wire], limit: 12).count == 100)
    }
}
