/// Benchmarks of single parts in this process; `--json` writes one line for `Benchmarks/run`.
@main
enum Main {
    static func main() throws {
        let keys = try BenchmarkBody.all.map { try KeyBenchmark.run($0) }
        let hitRatios = HitRatioBenchmark.runAll()
        if CommandLine.arguments.contains("--json") {
            let fields = [
                "\"keys\":[\(keys.map(\.json).joined(separator: ","))]",
                "\"hitRatios\":[\(hitRatios.map(\.json).joined(separator: ","))]",
            ]
            print("{\(fields.joined(separator: ","))}")
        } else {
            for row in keys { print(row.text) }
            for row in hitRatios { print(row.text) }
        }
    }
}

extension Double {
    /// Decimal digits with three places.
    var threePlaces: String {
        let thousandths = Int((self * 1000).rounded())
        let fraction = String(thousandths % 1000)
        let zeros = String(repeating: "0", count: 3 - fraction.count)
        return "\(thousandths / 1000).\(zeros)\(fraction)"
    }
}
