import RepriseCore

/// The response of an upstream as it comes.
struct LiveResponse {
    /// Its head.
    let head: ResponseHead
    /// Nil when nothing of it is stored, or will be.
    var recorder: ResponseRecorder?
    /// All bytes so far, as long as it is recorded.
    private(set) var body: [UInt8] = []

    /// Begins with the head.
    init(head: ResponseHead, recorder: ResponseRecorder?) {
        self.head = head
        self.recorder = recorder
    }

    /// Whether it may yet be stored.
    var isRecorded: Bool { recorder != nil && recorder?.rejection == nil }

    /// Takes the next bytes.
    ///
    /// - Parameter now: Milliseconds since the epoch.
    /// - Returns: Why it will not be stored, once that is certain.
    mutating func record(_ chunk: Span<UInt8>, now: Int64) -> StoreRejection? {
        recorder?.consume(chunk, now: now)
        body.append(copying: chunk)
        return recorder?.rejection
    }

    /// Gives up the bytes so far.
    mutating func dropBody() -> [UInt8] {
        defer { body = [] }
        return body
    }

    /// Whether the framing, as far as `fetch` shows it, proves the body whole.
    ///
    /// `fetch` fails when a declared length is not met or the last chunk is missing, but does not
    /// tell a body that the closing of its connection ended. A document that parses whole and a
    /// stream that reached its terminal marker prove themselves; audio does not.
    func isFramed(endpoint: Endpoint?) -> Bool {
        if let declared = head.headers.first(named: "content-length") {
            var actual: [UInt8] = []
            actual.append(decimal: Int64(body.count))
            return declared == actual
        }
        return head.headers.first(named: "transfer-encoding") != nil || endpoint != .speech
            || (head.headers.first(named: "content-type") ?? []).starts(
                with: [UInt8]("text/event-stream"))
    }
}

extension Array where Element == UInt8 {
    /// The borrowed bytes.
    init(copying bytes: Span<UInt8>) {
        self = bytes.withUnsafeBufferPointer { Array($0) }
    }
}
