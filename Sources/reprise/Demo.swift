/// `reprise demo`: the proxy at work, without a key, in a few seconds.
enum Demo {
    /// Shows the proxy at work.
    ///
    /// - Returns: The exit code.
    static func run() -> Int32 {
        do throws(StartError) {
            let rows = try Demonstration.run()
            for line in DemonstrationTable(rows).lines {
                StandardStreams.write(line + "\n")
            }
            guard rows.allSatisfy(\.isConvincing) else {
                StandardStreams.complain("the second answers did not come from the cache")
                return ExitStatus.failure
            }
            return ExitStatus.success
        } catch {
            StandardStreams.complain(error.message)
            return ExitStatus.unavailable
        }
    }
}
