import ArgumentParser
import Foundation

extension ExitCode {
    /// A service that is needed cannot be had, such as a port (`EX_UNAVAILABLE` of sysexits.h).
    static let unavailable = ExitCode(69)

    /// Ends a command: writes one line on standard error and gives the code to throw.
    func saying(_ line: String) -> ExitCode {
        FileHandle.standardError.write(Data("reprise: \(line)\n".utf8))
        return self
    }
}
