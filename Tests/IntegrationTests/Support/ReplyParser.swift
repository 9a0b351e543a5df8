import RepriseNetwork

/// One response read out of a connection's bytes as they come.
struct ReplyParser: Sendable {
    private var parser: HTTP1ResponseParser
    private var position = 0
    private var head: HTTP1ResponseHead?
    private var body: [UInt8] = []
    private(set) var result: Result<Reply, any Error>?

    /// A response that broke off.
    struct Cut: Error {}

    init(to method: Method) {
        parser = HTTP1ResponseParser(
            limits: HTTP1Limits(), to: .init(method: Array(method.rawValue.utf8)))
    }

    /// Reads on in all bytes that the connection has brought.
    ///
    /// - Parameter ending: How the connection ended, if it has.
    mutating func read(_ bytes: [UInt8], _ ending: WireConnection.Ending?) {
        do {
            while result == nil, let event = try parser.next(bytes.span, from: &position) {
                switch event {
                case .head(let head): self.head = head
                case .body(let range): body += bytes[range]
                case .end: end()
                }
            }
            guard result == nil, let ending else { return }
            guard ending == .closed else { throw Cut() }
            if try parser.finish() == .untilClose { end() }
        } catch {
            result = .failure(error)
        }
    }

    private mutating func end() {
        guard let head else { return }
        result = .success(Reply(head, bytes: body))
    }
}
