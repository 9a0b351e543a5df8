#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#endif

extension Surroundings {
    /// The surroundings of this process.
    ///
    /// It is to be called before other threads start: they could change the environment.
    static func ofProcess() -> Surroundings {
        Surroundings(
            environment: processEnvironment(), directory: processDirectory(), readFile: readFile)
    }

    private static func processEnvironment() -> [String: String] {
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                let name = String(text[..<equals])
                // Of a name twice in the list, getenv(3) too gives the first.
                if variables[name] == nil {
                    variables[name] = String(text[text.index(after: equals)...])
                }
            }
            next += 1
        }
        return variables
    }

    private static func processDirectory() -> String {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return String(cString: path)
    }

    /// The longest file that is read.
    private static let longestFile = 1 << 20

    private static func readFile(_ path: String) throws(FileFlaw) -> [UInt8] {
        // A pipe or a device that nobody writes to must not be waited for.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw errno == ENOENT || errno == ENOTDIR ? .missing : .unreadable }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw .unreadable }
        if status.st_mode & S_IFMT == S_IFDIR { throw .directory }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(file, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable }
            if count == 0 { return bytes }
            bytes += piece[..<count]
            if bytes.count > longestFile { throw .tooLong }
        }
    }
}
