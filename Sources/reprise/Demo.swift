/// `reprise demo`: the proxy at work, without a key, in a few seconds.
enum Demo {
    /// Shows the proxy at work.
    ///
    /// - Returns: The exit code.
    static func run() -> Int32 {
        StandardStreams.complain("demo is not here yet")
        return ExitStatus.unavailable
    }
}
