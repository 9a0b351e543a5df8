import NIOCore
import RepriseCore

/// Reads one HTTP/1 response from a connection's bytes (RFC 9112): a state machine without I/O.
///
/// It is strict where leniency would let two readers see two messages: lines end in CRLF, fields
/// are not folded, and a length is told once or not at all.
struct ResponseParser {
    /// What a response is made of.
    enum Part: Equatable {
        /// The head of the final response; interim ones are skipped.
        case head(ResponseHead)
        /// The next piece of the body, never empty.
        case body(ByteBuffer)
        /// The end. What follows is not of this response.
        case end
    }

    /// Why bytes are no response.
    enum Flaw: Error, Equatable {
        case notHTTP, malformedLine, malformedField, malformedChunk
        /// More than one length, or one that is no number.
        case ambiguousLength
        /// Another transfer coding than `chunked`, which was not asked for.
        case unknownCoding
        /// The status 101: another protocol was not asked for.
        case switchedProtocols
        /// A head, or the frame around a chunk, over its limit.
        case tooLong
        /// The connection ended too early.
        case truncated
    }

    private enum State {
        case statusLine
        case fields
        case body(left: Int)
        case bodyUntilClose
        case chunkSize
        case chunk(left: Int)
        case chunkEnd
        case trailers
        case ended
    }

    /// Bytes of all heads of a response, and of its trailers, at most.
    static let mostHeadBytes = 128 << 10
    /// Bytes of a line that tells the size of a chunk, at most.
    static let mostChunkLineBytes = 4096

    private let isHead: Bool
    private var state = State.statusLine
    /// Bytes at the front that are known to hold no line end.
    private var scanned = 0
    /// Bytes of the lines that belong together and were taken.
    private var lineBytes = 0
    private var head = ResponseHeadParser()

    /// Whether the framing tells where the body ends; known with the head. A body that lasts until
    /// the connection closes is not proven to be whole.
    private(set) var isFramed = true

    /// Whether the connection may carry another request afterwards; known with the head.
    private(set) var keepsAlive = false

    /// Makes a parser for the response to one request.
    ///
    /// - Parameter isHead: Whether the method is `HEAD`, so that no body follows.
    init(isHead: Bool) {
        self.isHead = isHead
    }

    /// Takes the next part from the front of a buffer.
    ///
    /// - Parameter buffer: All that has come and was not taken. It may only grow between two calls.
    /// - Returns: nil when more has to come. Nothing is taken after the end.
    mutating func next(_ buffer: inout ByteBuffer) throws(Flaw) -> Part? {
        while true {
            switch state {
            case .statusLine, .fields, .chunkSize, .chunkEnd, .trailers:
                guard let length = try line(buffer) else { return nil }
                let part = try take(buffer.readableBytesUInt8Span.extracting(first: length))
                buffer.moveReaderIndex(forwardBy: length + 2)
                if let part { return part }
            case .body(left: 0):
                state = .ended
                return .end
            case .body(let left):
                guard let piece = take(left, &buffer) else { return nil }
                state = .body(left: left - piece.readableBytes)
                return .body(piece)
            case .bodyUntilClose:
                return take(.max, &buffer).map { .body($0) }
            case .chunk(let left):
                guard let piece = take(left, &buffer) else { return nil }
                let rest = left - piece.readableBytes
                state = rest == 0 ? .chunkEnd : .chunk(left: rest)
                return .body(piece)
            case .ended:
                return nil
            }
        }
    }

    /// Takes the end of the connection.
    ///
    /// - Returns: The end of a body that lasts until then; nil when the response was over.
    mutating func finish() throws(Flaw) -> Part? {
        switch state {
        case .bodyUntilClose:
            state = .ended
            return .end
        case .ended: return nil
        default: throw .truncated
        }
    }

    private func take(_ count: Int, _ buffer: inout ByteBuffer) -> ByteBuffer? {
        let length = min(count, buffer.readableBytes)
        return length == 0 ? nil : buffer.readSlice(length: length)
    }

    // MARK: Lines

    /// Bytes of lines that belong together, at most, without the last one's end.
    private var lineLimit: Int {
        switch state {
        case .chunkSize: Self.mostChunkLineBytes
        case .chunkEnd: 0
        default: Self.mostHeadBytes
        }
    }

    /// The length of the line at the front without its CRLF; nil when its end has not come.
    private mutating func line(_ buffer: ByteBuffer) throws(Flaw) -> Int? {
        let bytes = buffer.readableBytesUInt8Span
        let limit = lineLimit
        var index = scanned
        while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
        guard index < bytes.count else {
            guard lineBytes + index <= limit + 1 else { throw .tooLong }
            scanned = index
            return nil
        }
        scanned = 0
        lineBytes += index + 1
        guard lineBytes <= limit + 2 else { throw .tooLong }
        guard index > 0, bytes[index - 1] == UInt8(ascii: "\r") else { throw .malformedLine }
        return index - 1
    }

    private mutating func take(_ line: Span<UInt8>) throws(Flaw) -> Part? {
        switch state {
        case .statusLine:
            try head.readStatus(line)
            state = .fields
        case .fields:
            if line.isEmpty { return try endHead() }
            try head.readField(line)
        case .chunkSize:
            let size = try ResponseHeadParser.chunkSize(line)
            lineBytes = 0
            state = size == 0 ? .trailers : .chunk(left: size)
        case .chunkEnd:
            lineBytes = 0
            state = .chunkSize
        case .trailers:
            if line.isEmpty {
                state = .ended
                return .end
            }
            // Read to be refused when malformed; nobody asked for them.
            _ = try ResponseHeadParser.field(line)
        case .body, .bodyUntilClose, .chunk, .ended:
            break
        }
        return nil
    }

    /// - Returns: nil when a head was interim, and another follows.
    private mutating func endHead() throws(Flaw) -> Part? {
        let ended = head
        // Let go of, since a response may last for minutes.
        head = ResponseHeadParser()
        if ended.isInformational {
            state = .statusLine
            return nil
        }
        lineBytes = 0
        let framing = try ended.framing(isHead: isHead)
        isFramed = framing != .untilClose
        keepsAlive = isFramed && ended.keepsAlive
        state =
            switch framing {
            case .length(let length): .body(left: length)
            case .chunked: .chunkSize
            case .untilClose: .bodyUntilClose
            }
        return .head(ended.head)
    }
}
