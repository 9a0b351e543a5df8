/// The result of a demonstration as a table for a terminal.
struct DemonstrationTable {
    /// The lines, without line ends.
    let lines: [String]

    init(_ rows: [Demonstration.Row]) {
        let header = ["request", "miss", "hit", "bytes", "same bytes", "upstream calls"]
        let cells = rows.map { row in
            [
                row.name, Self.text(row.miss.duration), Self.text(row.hit.duration),
                "\(row.hit.body.count)", row.hasSameBytes ? "yes" : "NO",
                "\(row.upstreamCalls) for 2 requests",
            ]
        }
        let widths = header.indices.map { column in
            ([header] + cells).map(\.[column].count).max() ?? 0
        }
        let table = ([header] + cells).map { row in
            zip(row, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.count)
            }.joined(separator: "  ")
        }
        lines =
            table + [""]
            + rows.map {
                "\($0.name): Cache-Status: \($0.miss.cacheStatus), then \($0.hit.cacheStatus)"
            }
    }

    private static func text(_ duration: Duration) -> String {
        let microseconds = Int(duration / .microseconds(1))
        return microseconds < 1000
            ? "\(microseconds) µs" : "\(microseconds / 1000).\(microseconds % 1000 / 100) ms"
    }
}
