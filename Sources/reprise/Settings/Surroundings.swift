/// What settings are read in: the process's environment, directory and files.
struct Surroundings: Sendable {
    /// The environment's variables.
    var environment: [String: String] = [:]
    /// The absolute path of the working directory.
    var directory = "/"
    /// Gives the bytes of the file at a path.
    var readFile: @Sendable (_ path: String) throws(FileFlaw) -> [UInt8] =
        { (_: String) throws(FileFlaw) in throw FileFlaw.missing }

    /// Why a file cannot be read.
    enum FileFlaw: Error, Equatable {
        /// It does not exist.
        case missing
        /// It is a directory.
        case directory
        /// The system does not allow it.
        case unreadable
        /// It is longer than a file of settings can be.
        case tooLong

        /// What follows the path in a message.
        var predicate: String {
            switch self {
            case .missing: "does not exist"
            case .directory: "is a directory"
            case .unreadable: "cannot be read; check its permissions"
            case .tooLong: "is longer than 1 MiB; name a file of settings"
            }
        }
    }
}
