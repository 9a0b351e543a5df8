internal import RepriseNetwork

/// What happened in a world, line by line, each with its virtual time.
///
/// It holds the last lines up to a bound; ``digest`` covers all that there were.
public struct WorldTrace {
    private var lines: [String] = []
    private var oldest = 0
    private let limit: Int

    /// How many lines there have been.
    public private(set) var count = 0

    /// A hash (FNV-1a) of every line, also of those that are no longer held.
    public private(set) var digest: UInt64 = 0xCBF2_9CE4_8422_2325

    init(limit: Int) {
        self.limit = max(1, limit)
    }

    /// The lines that are held, the oldest first.
    public var held: [String] { Array(lines[oldest...] + lines[..<oldest]) }

    /// The lines that are held, as one text.
    public var text: String { held.map { $0 + "\n" }.joined() }

    mutating func append(_ time: MonotonicTime, _ what: String) {
        let line = time.spelled + " " + what
        for byte in line.utf8 { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01B3 }
        digest = (digest ^ 10) &* 0x100_0000_01B3
        count += 1
        if lines.count < limit {
            lines.append(line)
        } else {
            lines[oldest] = line
            oldest = (oldest + 1) % limit
        }
    }
}

extension MonotonicTime {
    /// The time in seconds with nine digits behind the point.
    var spelled: String {
        let rest = String(nanoseconds % 1_000_000_000)
        let whole = String(nanoseconds / 1_000_000_000)
        return whole + "." + String(repeating: "0", count: 9 - rest.utf8.count) + rest
    }
}
