import Foundation

/// Standard output, written through at once: what is printed must be seen while the command runs.
enum StandardOutput {
    /// Writes one line.
    static func line(_ text: String) {
        FileHandle.standardOutput.write(Data("\(text)\n".utf8))
    }
}
