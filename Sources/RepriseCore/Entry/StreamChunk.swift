/// One piece of a body as it came from the upstream.
public struct StreamChunk: Equatable, Sendable {
    /// Milliseconds since the head of the response.
    public var milliseconds: Int64
    /// Bytes.
    public var length: Int64

    /// Makes a piece.
    public init(milliseconds: Int64, length: Int64) {
        self.milliseconds = milliseconds
        self.length = length
    }

    /// How many chunks an entry tells apart.
    static let limit = 4096

    /// The chunks that an entry tells apart: those after the last but one are added to the last.
    static func bounded(_ chunks: [StreamChunk]) -> [StreamChunk] {
        guard chunks.count > limit else { return chunks }
        var bounded = Array(chunks[..<limit])
        for chunk in chunks[limit...] {
            bounded[limit - 1].length = saturatingSum(bounded[limit - 1].length, chunk.length)
        }
        return bounded
    }

    /// Tells whether chunks make up a body, or there are none at all.
    static func areWhole(_ chunks: [StreamChunk], length: Int64) -> Bool {
        chunks.isEmpty || chunks.reduce(0) { saturatingSum($0, $1.length) } == length
    }

    private static func saturatingSum(_ left: Int64, _ right: Int64) -> Int64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }
}
