/// The exit codes of the commands, as `sysexits.h` has them.
enum ExitStatus {
    /// All went well.
    static let success: Int32 = 0
    /// What the command was to show does not hold.
    static let failure: Int32 = 1
    /// A bad setting or command line (`EX_USAGE`).
    static let usage: Int32 = 64
    /// What is needed cannot be had, such as a port (`EX_UNAVAILABLE`).
    static let unavailable: Int32 = 69
}
