import HTTPTypes
import NIOCore
import NIOHTTP1
import RepriseCore

@testable import RepriseServer

/// Feeds the same bytes to the hit path's scanner and to the full path's parser.
enum Differential {
    /// How two requests differ in which the hit path saw one, or nil.
    enum Verdict: Equatable {
        /// The scanner took no whole request.
        case notTaken
        /// It took one, and the parser reads the same.
        case same
        /// It took one that the parser reads in another way, or not at all.
        case different(String)
    }

    private static let next = Array("GET /next HTTP/1.1\r\nHost: behind\r\n\r\n".utf8)

    /// Compares what is made of bytes that begin a request.
    ///
    /// - Parameter cuts: Where the bytes are cut in pieces for the parser; those that are not
    ///   inside do not count.
    static func compare(_ bytes: [UInt8], cuts: [Int]) -> Verdict {
        let scan = PlainScan(bytes)
        if let fault = prefixFault(bytes, scan, cuts) { return .different(fault) }
        guard let plain = scan.request, plain.length <= bytes.count else { return .notTaken }
        let whole = Array(bytes[..<plain.length])
        let parse = FullParse(pieces(of: whole, cuts) + [next])
        if let error = parse.error { return .different("the parser fails: \(error)") }
        guard parse.requests.count == 2, let request = parse.requests.first else {
            return .different("the parser sees \(parse.requests.count) requests, one of them added")
        }
        guard parse.requests[1].head.path == "/next", parse.requests[1].isWhole else {
            return .different("the parser sees the next request otherwise")
        }
        if let objection = objection(to: request, plain, whole, scan.keyed) {
            return .different(objection)
        }
        return .same
    }

    private static func objection(
        to request: FullParse.Request, _ plain: PlainRequest, _ whole: [UInt8], _ keyed: [UInt8]
    ) -> String? {
        guard request.isWhole, !request.hasTrailers else { return "the parser sees no end" }
        guard request.body == Array(whole[plain.headLength...]) else {
            return "the parser sees another body"
        }
        let line = Array("\(request.head.method.rawValue) \(request.head.path ?? "") ".utf8)
        guard whole.starts(with: line), request.decoded.uri == request.head.path else {
            return "the parser sees another method or target"
        }
        if let objection = KeyedBytesOracle.objection(
            to: request.decoded, bodyLength: plain.bodyLength)
        {
            return "the parser sees something unusual: \(objection)"
        }
        guard KeyedBytesOracle.keyedBytes(of: request.head) == keyed else {
            return "the parser sees other keyed parts"
        }
        guard plain.forwardedLines(in: ByteBuffer(bytes: whole)) == forwardedLines(of: request.head)
        else { return "the parser sees other fields to be sent upstream" }
        let isJSON =
            request.head.headerFields[.contentType]?.lowercased().hasPrefix("application/json")
            ?? false
        let mayBeKnown =
            request.head.method == .post && isJSON
            && request.head.headerFields[.contentLength] != nil
        return mayBeKnown == plain.mayBeKnown ? nil : "the scanner says mayBeKnown wrongly"
    }

    /// The field lines that the full path sends upstream.
    private static func forwardedLines(of request: HTTPRequest) -> ByteBuffer {
        let head = RequestHead(request, path: [], query: nil)
        var lines = ByteBuffer()
        for field in HeaderPolicy.toUpstream(head.headers, cacheable: true) {
            lines.writeBytes(field.name + Array(": ".utf8) + field.value + Array("\r\n".utf8))
        }
        return lines
    }

    /// The scanner's answer may only become more certain as bytes come.
    private static func prefixFault(
        _ bytes: [UInt8], _ whole: PlainScan, _ cuts: [Int]
    ) -> String? {
        for cut in cuts where cut > 0 && cut < bytes.count {
            let part = PlainScan(Array(bytes[..<cut]))
            let isRight =
                switch part.outcome {
                case .incomplete: (whole.request?.headLength).map { cut < $0 } ?? true
                case .head, .notPlain: part == whole || isSameRefusal(part, whole)
                }
            if !isRight { return "the first \(cut) bytes are \(part.outcome)" }
        }
        return nil
    }

    private static func isSameRefusal(_ part: PlainScan, _ whole: PlainScan) -> Bool {
        part.outcome == .notPlain && whole.outcome == .notPlain
    }

    /// Cuts bytes in pieces.
    static func pieces(of bytes: [UInt8], _ cuts: [Int]) -> [[UInt8]] {
        let inside = Set(cuts).filter { $0 > 0 && $0 < bytes.count }.sorted()
        return zip([0] + inside, inside + [bytes.count]).map { Array(bytes[$0..<$1]) }
    }
}
