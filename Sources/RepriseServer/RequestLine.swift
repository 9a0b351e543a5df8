import RepriseNetwork

/// What the log says of a request itself.
struct RequestLine {
    /// The method as sent; empty when none was understood.
    var method: [UInt8] = []
    /// The path without the query.
    var path: [UInt8] = []
    /// When its head was complete.
    var begun = MonotonicTime(nanoseconds: 0)

    /// The line of no request.
    init() {}

    /// Makes a line; a query is left out, because it may hold a credential.
    init(method: [UInt8], target: [UInt8], begun: MonotonicTime) {
        self.method = method
        self.begun = begun
        let mark = target.firstIndex(of: UInt8(ascii: "?")) ?? target.count
        path = Array(target[..<mark])
    }
}
