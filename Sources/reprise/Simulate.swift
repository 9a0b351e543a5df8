/// `reprise simulate`: an upstream to try the proxy on, without a key and without cost.
enum Simulate {
    /// Answers until a signal says stop.
    ///
    /// - Returns: The exit code.
    static func run(_ options: SimulateOptions) -> Int32 {
        StandardStreams.complain("simulate is not here yet")
        return ExitStatus.unavailable
    }
}
