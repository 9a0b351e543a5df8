import Testing

@testable import RepriseNetwork

/// A parser of either kind.
protocol MessageParser {
    associatedtype Head: Sendable & Equatable

    mutating func next(
        _ bytes: Span<UInt8>, from position: inout Int
    ) throws(HTTP1Error) -> HTTP1Event<Head>?

    /// Takes the end of the input, and tells in a word what it was.
    mutating func conclude() throws(HTTP1Error) -> String
}

extension HTTP1RequestParser: MessageParser {
    mutating func conclude() throws(HTTP1Error) -> String {
        try finish()
        return "clean"
    }
}

extension HTTP1ResponseParser: MessageParser {
    mutating func conclude() throws(HTTP1Error) -> String {
        switch try finish() {
        case .complete: "complete"
        case .untilClose: "until close"
        }
    }
}

/// What a parser told about bytes, without regard to where the pieces of a body were cut.
struct ParsedMessages<Head: Sendable & Equatable>: Equatable {
    enum Event: Equatable {
        case head(Head)
        case body([UInt8])
        case end
    }

    var events: [Event] = []
    var flaw: HTTP1Error?
    /// What the end of the input was; nil behind a flaw.
    var conclusion: String?
    /// Bytes behind the last event that were not taken.
    var rest: [UInt8] = []

    var heads: [Head] {
        events.compactMap { event in
            if case .head(let head) = event { head } else { nil }
        }
    }

    var body: String {
        let bytes: [UInt8] = events.flatMap { event in
            if case .body(let piece) = event { piece } else { [UInt8]() }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    var endCount: Int { events.count { $0 == .end } }

    /// Feeds a parser.
    ///
    /// - Parameters:
    ///   - cuts: Where the bytes are split, ascending.
    ///   - concluding: Whether the end of the input follows.
    init<Parser: MessageParser>(
        _ bytes: [UInt8], cuts: [Int] = [], by parser: Parser, in memory: GuardedBytes,
        concluding: Bool = true
    ) where Parser.Head == Head {
        var parser = parser
        var start = 0
        for end in cuts + [bytes.count] {
            memory.with(bytes[start..<end]) { feed($0, to: &parser) }
            start = end
        }
        // Refused once, refused for good.
        if let flaw {
            for byte in [UInt8(ascii: "G"), UInt8(ascii: "\n")] {
                var position = 0
                do throws(HTTP1Error) {
                    _ = try parser.next([byte].span, from: &position)
                    Issue.record("a refused connection goes on")
                } catch { #expect(error == flaw) }
            }
            return
        }
        guard concluding else { return }
        do throws(HTTP1Error) {
            conclusion = try parser.conclude()
        } catch {
            flaw = error
        }
    }

    private mutating func feed<Parser: MessageParser>(
        _ piece: Span<UInt8>, to parser: inout Parser
    ) where Parser.Head == Head {
        guard flaw == nil else { return }
        var position = 0
        do throws(HTTP1Error) {
            while let event = try parser.next(piece, from: &position) {
                switch event {
                case .head(let head): events.append(.head(head))
                case .body(let range): append(piece.extracting(range).copied)
                case .end: events.append(.end)
                }
            }
        } catch {
            flaw = error
            return
        }
        rest += piece.extracting(position..<piece.count).copied
    }

    private mutating func append(_ piece: [UInt8]) {
        #expect(!piece.isEmpty)
        if case .body(let before) = events.last {
            events[events.count - 1] = .body(before + piece)
        } else {
            events.append(.body(piece))
        }
    }
}

extension HeadFields {
    /// The fields as lines.
    var lines: [String] {
        (0..<count).map {
            "\(String(decoding: name($0), as: UTF8.self)): "
                + String(decoding: value($0), as: UTF8.self)
        }
    }
}

/// Bytes of a text, one for each scalar below 256.
func wire(_ text: String) -> [UInt8] {
    text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
}
