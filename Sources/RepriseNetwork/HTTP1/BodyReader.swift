/// A message's body, told from what follows it (RFC 9112 §6, §7): a state machine without I/O.
///
///     length(n) ── n bytes ──▶ ended          untilClose ── end of input ──▶ ended
///
///     size ─▶ [padding] ─▶ [extension] ─▶ sizeEnd ─┬▶ data ─▶ dataReturn ─▶ dataEnd ─▶ size
///                                                  └▶ trailers ─▶ ended
struct BodyReader: Sendable {
    /// What was found.
    enum Step: Equatable {
        case piece(Range<Int>)
        case end
    }

    private enum State: Equatable, Sendable {
        case length(Int64)
        case untilClose
        case size, padding, chunkExtension, sizeEnd
        case data(Int64)
        case dataReturn, dataEnd
        case trailers
        case ended
    }

    /// Bytes around chunks, beyond what chunks of their sizes need, that a body may have.
    static let mostOverhead = 16 << 10

    private let limits: HTTP1Limits
    /// Whether blanks may stand behind a chunk's size, as some old servers write them.
    private let allowsPadding: Bool
    private var state: State
    private var size: Int64 = 0
    /// Digits of ``size``.
    private var digits = 0
    /// Bytes of the line under way.
    private var lineBytes = 0
    private var overhead = 0
    private var trailerLine: [UInt8] = []
    private var trailerBytes = 0
    private var trailers = FieldReader(.trailer)

    /// Makes a reader at a body's beginning.
    init(_ framing: BodyFraming, limits: HTTP1Limits, allowsPadding: Bool) {
        self.limits = limits
        self.allowsPadding = allowsPadding
        state =
            switch framing {
            case .none: .length(0)
            case .length(let length): .length(length)
            case .chunked: .size
            case .untilClose: .untilClose
            }
    }

    /// Whether the end of the input ends the body.
    var endsWithInput: Bool { state == .untilClose }

    /// The next piece, or the end, once; nil when more bytes are needed.
    mutating func next(
        _ bytes: Span<UInt8>, from position: inout Int
    ) throws(HTTP1Error) -> Step? {
        while true {
            switch state {
            case .length(0):
                state = .ended
                return .end
            case .length(let left):
                guard let range = piece(left, bytes, &position) else { return nil }
                state = .length(left - Int64(range.count))
                return .piece(range)
            case .untilClose:
                return piece(.max, bytes, &position).map { .piece($0) }
            case .data(let left):
                guard let range = piece(left, bytes, &position) else { return nil }
                let rest = left - Int64(range.count)
                state = rest == 0 ? .dataReturn : .data(rest)
                return .piece(range)
            case .trailers:
                guard try readTrailerLine(bytes, &position) else { return nil }
                if state == .ended { return .end }
            case .ended:
                return nil
            case .size, .padding, .chunkExtension, .sizeEnd, .dataReturn, .dataEnd:
                guard position < bytes.count else { return nil }
                try readFrame(bytes[position])
                position += 1
            }
        }
    }

    private func piece(
        _ most: Int64, _ bytes: Span<UInt8>, _ position: inout Int
    ) -> Range<Int>? {
        let count = Int(min(most, Int64(bytes.count - position)))
        guard count > 0 else { return nil }
        defer { position += count }
        return position..<(position + count)
    }

    // MARK: Chunks

    private mutating func readFrame(_ byte: UInt8) throws(HTTP1Error) {
        lineBytes += 1
        guard lineBytes <= limits.chunkLine else {
            throw .malformedChunk("the line before a chunk is too long")
        }
        switch state {
        case .size: try readSize(byte)
        case .padding:
            switch byte {
            case UInt8(ascii: ";"): state = .chunkExtension
            case UInt8(ascii: "\r") where allowsPadding: state = .sizeEnd
            case UInt8(ascii: " "), UInt8(ascii: "\t"): break
            default: throw .malformedChunk("there is something behind a chunk's size")
            }
        case .chunkExtension:
            if byte == UInt8(ascii: "\r") {
                state = .sizeEnd
            } else if !byte.mayStandInValue {
                throw .malformedChunk("a chunk extension holds a control character")
            }
        case .sizeEnd:
            guard byte == UInt8(ascii: "\n") else {
                throw .malformedChunk("the line before a chunk does not end in CRLF")
            }
            try beginChunk()
        case .dataReturn:
            guard byte == UInt8(ascii: "\r") else {
                throw .malformedChunk("a chunk is longer than its size")
            }
            state = .dataEnd
        case .dataEnd:
            guard byte == UInt8(ascii: "\n") else {
                throw .malformedChunk("a chunk does not end in CRLF")
            }
            lineBytes = 0
            state = .size
        case .length, .untilClose, .data, .trailers, .ended: break
        }
    }

    private mutating func readSize(_ byte: UInt8) throws(HTTP1Error) {
        if let digit = byte.hexadecimalValue {
            guard digits < 15 else { throw .malformedChunk("a chunk's size is too large") }
            size = size << 4 | digit
            digits += 1
            return
        }
        guard digits > 0 else { throw .malformedChunk("a chunk's size is not a number") }
        switch byte {
        case UInt8(ascii: "\r"): state = .sizeEnd
        case UInt8(ascii: ";"): state = .chunkExtension
        case UInt8(ascii: " "), UInt8(ascii: "\t"): state = .padding
        default: throw .malformedChunk("a chunk's size is not a number")
        }
    }

    /// Begins a chunk, or what follows the last one.
    ///
    /// Small chunks are good, and so is a long extension now and then; a body that is mostly frame
    /// is not. Each chunk pays for 16 bytes of its line, and for twice its own bytes.
    private mutating func beginChunk() throws(HTTP1Error) {
        let paid = 16 + 2 * min(size, Int64(limits.chunkLine))
        overhead = max(0, overhead + lineBytes - Int(paid))
        guard overhead <= Self.mostOverhead else {
            throw .malformedChunk("there is more around the chunks than in them")
        }
        state = size == 0 ? .trailers : .data(size)
        size = 0
        digits = 0
        lineBytes = 0
    }

    // MARK: Trailers

    /// Reads a line of the trailer section: checked, then dropped, for nobody asked for it.
    ///
    /// - Returns: Whether a line was complete.
    private mutating func readTrailerLine(
        _ bytes: Span<UInt8>, _ position: inout Int
    ) throws(HTTP1Error) -> Bool {
        let found = bytes.firstIndex(of: UInt8(ascii: "\n"), from: position)
        let end = found.map { $0 + 1 } ?? bytes.count
        trailerBytes += end - position
        guard trailerBytes <= limits.trailers else {
            throw .malformedChunk("the trailer fields are too long")
        }
        trailerLine.append(copying: bytes.extracting(position..<end))
        position = end
        guard found != nil else { return false }
        var line: [UInt8] = []
        swap(&line, &trailerLine)
        let length = line.count - 2
        guard length >= 0, line[length] == UInt8(ascii: "\r") else {
            throw .malformedChunk("a trailer field does not end in CRLF")
        }
        if length == 0 {
            state = .ended
        } else {
            try trailers.read(0..<length, in: &line, limit: limits.fields, minorVersion: 1)
        }
        return true
    }
}
