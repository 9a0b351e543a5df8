import Dispatch
import Foundation
import Testing

@testable import RepriseServer

/// The sink that writes to a file descriptor.
struct LogSinkTests {
    @Test func linesOfManyThreadsDoNotMix() {
        let pipe = Pipe()
        let sink = LogSink(fileDescriptor: pipe.fileHandleForWriting.fileDescriptor)
        // Longer than PIPE_BUF and than a pipe holds, so that a write is split.
        let lines = (0..<8).map { Array(repeating: UInt8(ascii: "a") + UInt8($0), count: 100_000) }
        DispatchQueue.global().async {
            DispatchQueue.concurrentPerform(iterations: lines.count) { index in
                sink.write(lines[index] + [UInt8(ascii: "\n")])
            }
            pipe.fileHandleForWriting.closeFile()
        }
        let written = pipe.fileHandleForReading.readDataToEndOfFile()
        let read = written.split(separator: UInt8(ascii: "\n")).map { Array($0) }
        #expect(Set(read) == Set(lines))
        #expect(read.count == lines.count)
    }

    @Test func lineThatCannotBeWrittenIsDropped() {
        let pipe = Pipe()
        let descriptor = pipe.fileHandleForReading.fileDescriptor
        // The reading end cannot be written to.
        LogSink(fileDescriptor: descriptor).write(Array("lost\n".utf8))
        pipe.fileHandleForWriting.write(Data("kept\n".utf8))
        pipe.fileHandleForWriting.closeFile()
        #expect(pipe.fileHandleForReading.readDataToEndOfFile() == Data("kept\n".utf8))
    }
}
