import RepriseCore

/// The response as it comes, to be stored when it is proven complete.
struct Recording {
    /// More chunks than this are not told apart: their lengths add to the last one's.
    private static let chunkLimit = 4096

    /// Decides whether it is whole.
    private(set) var judge: ResponseJudge
    /// All bytes so far.
    private(set) var body: [UInt8] = []
    /// When they came.
    private(set) var chunks: [StreamChunk] = []
    /// Whether the limit was passed.
    private(set) var isTooLong = false
    private let begun: Int64
    private let limit: Int64
    /// What the response cost, once it is known to be whole.
    var usage: Usage?

    /// Begins a recording.
    ///
    /// - Parameters:
    ///   - now: Milliseconds since the epoch.
    ///   - limit: Bytes of the longest body that is recorded.
    init(request: CacheableRequest, head: ResponseHead, now: Int64, limit: Int64) {
        // An event longer than the whole entry could never be stored.
        judge = ResponseJudge(request: request, head: head, eventLimit: Int(limit))
        begun = now
        self.limit = limit
    }

    /// Whether the response may yet be stored.
    var isWorthFinishing: Bool { !isTooLong && judge.rejection == nil }

    /// Takes the next bytes; those that go beyond the limit are kept until ``drop()`` all the same.
    mutating func consume(_ chunk: Span<UInt8>, now: Int64) {
        chunk.withUnsafeBufferPointer { body.append(contentsOf: $0) }
        if Int64(body.count) > limit {
            isTooLong = true
            return
        }
        judge.consume(chunk)
        if chunks.count < Self.chunkLimit {
            chunks.append(
                StreamChunk(milliseconds: max(0, now - begun), length: Int64(chunk.count)))
        } else {
            chunks[chunks.count - 1].length += Int64(chunk.count)
        }
    }

    /// Gives up the bytes.
    mutating func drop() {
        body = []
    }
}
