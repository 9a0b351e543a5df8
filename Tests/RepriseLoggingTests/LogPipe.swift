import Foundation
import Synchronization

@testable import RepriseLogging

/// A pipe that a test logs into.
final class LogPipe: Sendable {
    let reading: Int32
    private let open: Mutex<Int32>

    init() throws {
        let ends = try Self.ends()
        reading = ends.reading
        open = Mutex(ends.writing)
    }

    /// The two ends of a pipe that the caller closes.
    static func ends() throws -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw POSIXError(.EMFILE) }
        return (ends[0], ends[1])
    }

    var writing: Int32 { open.withLock { $0 } }

    deinit {
        closeWriting()
        close(reading)
    }

    func closeWriting() {
        open.withLock { writing in
            if writing >= 0 { close(writing) }
            writing = -1
        }
    }

    /// Fills the pipe until it takes no more; returns how many bytes it took.
    func fill() -> Int {
        let flags = fcntl(writing, F_GETFL)
        _ = fcntl(writing, F_SETFL, flags | O_NONBLOCK)
        defer { _ = fcntl(writing, F_SETFL, flags) }
        var taken = 0
        let block = [UInt8](repeating: UInt8(ascii: "x"), count: 4_096)
        while true {
            let count = write(writing, block, block.count)
            if count <= 0 { return taken }
            taken += count
        }
    }

    /// Reads exactly so many bytes.
    func read(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var position = 0
        while position < count {
            let got = bytes[position...].withUnsafeMutableBytes {
                Foundation.read(reading, $0.baseAddress, $0.count)
            }
            if got <= 0 { break }
            position += got
        }
        return Array(bytes[..<position])
    }

    /// Reads to the end, which must have been closed for writing.
    func readToEnd() -> String {
        var all: [UInt8] = []
        while true {
            let piece = read(4_096)
            all += piece
            if piece.count < 4_096 { return String(decoding: all, as: UTF8.self) }
        }
    }
}

/// The first moment of 2026.
let newYear: Int64 = 1_767_225_600_000

/// How a time begins a text line of ``newYear``.
let stamp = "2026-01-01T00:00:00.000Z"

extension LogWriter {
    /// A writer at the start of 2026.
    convenience init(
        to descriptor: Int32, _ format: LogFormat = .text, lines: Int = 16_384,
        bytes: Int = 4 << 20
    ) throws {
        try self.init(
            descriptor: descriptor, format: format, maximumLines: lines, maximumBytes: bytes,
            now: { newYear })
    }
}

/// A limit that no test comes near unless it fails.
let net = Duration.seconds(60)
