#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// The bytes of whole files.
enum FileContents {
    /// Why a file cannot be read, in the system's words.
    struct Failure: Error {
        let reason: String

        init(_ code: Int32) {
            reason = strerror(code).map { String(cString: $0) } ?? "error \(code)"
        }
    }

    /// Reads a file to its end.
    static func read(_ path: String) throws(Failure) -> [UInt8] {
        guard let file = fopen(path, "rb") else { throw Failure(errno) }
        defer { fclose(file) }
        var contents: [UInt8] = []
        let pieceSize = 1 << 16
        while true {
            var failure: Int32 = 0
            let piece = [UInt8](unsafeUninitializedCapacity: pieceSize) { buffer, count in
                count = fread(buffer.baseAddress, 1, pieceSize, file)
                if count < pieceSize, ferror(file) != 0 { failure = errno }
            }
            if failure != 0 { throw Failure(failure) }
            contents += piece
            if piece.count < pieceSize { return contents }
        }
    }
}
