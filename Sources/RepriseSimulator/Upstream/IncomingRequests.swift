internal import RepriseNetwork

/// The requests of one connection, collected whole from its bytes; it does no I/O.
struct IncomingRequests {
    /// A request of which the head has come.
    struct Incoming {
        /// What the parser read.
        var head: HTTP1RequestHead
        /// The head's bytes as they came, the empty line behind it included.
        var headBytes: [UInt8]
        /// What has come of the body, without its transfer coding.
        var body: [UInt8] = []
    }

    /// What has come.
    enum Event {
        /// A head; the body follows, if there is one.
        case head(Incoming)
        /// So many bytes of the body.
        case body(Int)
        /// The whole request.
        case whole(Incoming)
    }

    /// Why nothing more is read.
    enum Refusal: Error, Equatable {
        /// The bytes are no request.
        case malformed
        /// A body is larger than ``bodyLimit``.
        case tooLarge
    }

    /// The most bytes that the body of a request may have.
    static let bodyLimit = 512 << 20

    private var parser: HTTP1RequestParser
    private var headBytes: [UInt8] = []
    private var incoming: Incoming?

    /// Makes the collector of a connection that begins.
    init() {
        var limits = HTTP1Limits()
        // More than any proxy under test lets through, so that it is never this side that refuses.
        limits.headBytes = 1 << 20
        limits.fields = 4096
        parser = HTTP1RequestParser(limits: limits)
    }

    /// Reads on.
    ///
    /// - Parameters:
    ///   - bytes: What has come.
    ///   - position: Where to go on in `bytes`; moved behind what was read.
    /// - Returns: nil when all of `bytes` is read.
    mutating func next(
        _ bytes: Span<UInt8>, from position: inout Int
    ) throws(Refusal) -> Event? {
        while true {
            let start = position
            let event: HTTP1Event<HTTP1RequestHead>?
            do throws(HTTP1Error) {
                event = try parser.next(bytes, from: &position)
            } catch {
                throw .malformed
            }
            switch event {
            case nil:
                if incoming == nil { Self.append(bytes, start..<position, to: &headBytes) }
                return nil
            case .head(let head):
                Self.append(bytes, start..<position, to: &headBytes)
                let begun = Incoming(head: head, headBytes: Self.withoutEmptyLine(headBytes))
                headBytes = []
                incoming = begun
                return .head(begun)
            case .body(let range):
                guard let count = incoming?.body.count, count + range.count <= Self.bodyLimit
                else { throw .tooLarge }
                Self.appendBody(bytes, range, to: &incoming)
                return .body(range.count)
            case .end:
                guard let whole = incoming else { continue }
                incoming = nil
                return .whole(whole)
            }
        }
    }

    private static func appendBody(
        _ bytes: Span<UInt8>, _ range: Range<Int>, to incoming: inout Incoming?
    ) {
        bytes.extracting(range).withUnsafeBufferPointer {
            incoming?.body.append(contentsOf: $0)
        }
    }

    private static func append(
        _ bytes: Span<UInt8>, _ range: Range<Int>, to array: inout [UInt8]
    ) {
        bytes.extracting(range).withUnsafeBufferPointer { array.append(contentsOf: $0) }
    }

    /// A head without the empty line that may stand before it (RFC 9112 §2.2).
    private static func withoutEmptyLine(_ head: [UInt8]) -> [UInt8] {
        head.starts(with: "\r\n".utf8) ? Array(head.dropFirst(2)) : head
    }
}
