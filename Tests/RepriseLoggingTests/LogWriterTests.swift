import Foundation
import Synchronization
import Testing

@testable import RepriseLogging

/// The thread that writes, and what happens when it cannot.
struct LogWriterTests {
    @Test(arguments: LogFormat.allCases)
    func linesArriveInOrder(format: LogFormat) throws {
        let pipe = try LogPipe()
        let writer = try LogWriter(to: pipe.writing, format)
        for number in 0..<100 { writer.write(.info, "m", [.init("n", .integer(Int64(number)))]) }
        #expect(writer.close(within: net))
        pipe.closeWriting()
        let expected = (0..<100).map { number in
            format == .text
                ? "\(stamp) info m n=\(number)"
                : "{\"time\":\"\(stamp)\",\"level\":\"info\",\"message\":\"m\",\"n\":\(number)}"
        }
        #expect(pipe.readToEnd() == expected.joined(separator: "\n") + "\n")
    }

    @Test func lineIsWrittenWithoutBeingAskedFor() throws {
        let pipe = try LogPipe()
        let writer = try LogWriter(to: pipe.writing)
        for _ in 0..<3 {
            writer.write(.info, "m", [])
            let line = "\(stamp) info m\n"
            #expect(String(decoding: pipe.read(line.utf8.count), as: UTF8.self) == line)
        }
    }

    @Test func linesOfManyThreadsDoNotMix() throws {
        let pipe = try LogPipe()
        let writer = try LogWriter(to: pipe.writing, bytes: 64 << 20)
        // Longer than PIPE_BUF, so that a line is written in pieces.
        let texts = (0..<8).map { String(repeating: "\($0)", count: 4_000) }
        let read = Mutex("")
        let reader = Thread { read.withLock { $0 = pipe.readToEnd() } }
        DispatchQueue.concurrentPerform(iterations: 8) { index in
            for _ in 0..<100 {
                writer.write(
                    .info, "m", [.init("a", .text(texts[index])), .init("b", .text(texts[index]))])
            }
        }
        reader.start()
        #expect(writer.close(within: net))
        pipe.closeWriting()
        while !reader.isFinished { usleep(1_000) }
        let lines = read.withLock { $0 }.split(separator: "\n")
        #expect(lines.count == 800)
        for (index, text) in texts.enumerated() {
            let line = "\(stamp) info m a=\(text) b=\(text)"
            #expect(lines.count { $0 == line } == 100, "\(index)")
        }
    }

    @Test func unreadPipeStopsNobodyAndLossesAreCounted() throws {
        let pipe = try LogPipe()
        let filler = pipe.fill()
        let writer = try LogWriter(to: pipe.writing, lines: 10)
        for number in 0..<1_000 {
            writer.write(.info, "m", [.init("n", .integer(Int64(number)))])
        }
        // Nobody reads, so nothing can be done with in time, and nobody waits for longer.
        #expect(!writer.flush(within: .milliseconds(1)))
        #expect(pipe.read(filler).count == filler)
        #expect(writer.close(within: net))
        pipe.closeWriting()
        let lines = pipe.readToEnd().split(separator: "\n").map(String.init)
        let news = "\(stamp) warning log lines were lost count="
        let told = lines.filter { $0.hasPrefix(news) }.compactMap { Int($0.dropFirst(news.count)) }
        #expect(told.reduce(0, +) == 990)
        #expect(lines.last?.hasPrefix(news) == true)
        #expect(
            lines.filter { !$0.hasPrefix(news) } == (0..<10).map { "\(stamp) info m n=\($0)" })
    }

    @Test func boundInBytesHolds() throws {
        let pipe = try LogPipe()
        let filler = pipe.fill()
        let writer = try LogWriter(to: pipe.writing, bytes: 100_000)
        let text = String(repeating: "x", count: 4_000)
        for _ in 0..<1_000 { writer.write(.info, "m", [.init("k", .text(text))]) }
        #expect(pipe.read(filler).count == filler)
        let lines = try linesAfterClosing(writer, pipe)
        let kept = lines.count { $0.contains(" info ") }
        #expect(20...25 ~= kept)
        let told = lines.compactMap { line in
            line.contains(" warning ") ? line.split(separator: "=").last.flatMap { Int($0) } : nil
        }
        #expect(told.reduce(0, +) == 1_000 - kept)
    }

    @Test func fullPipeAtTheEndCostsNoMoreThanTheDeadline() throws {
        let pipe = try LogPipe()
        _ = pipe.fill()
        let writer = try LogWriter(to: pipe.writing)
        writer.write(.info, "m", [])
        #expect(!writer.close(within: .milliseconds(20)))
        // The writer has let go: what is read now is all there ever was.
        pipe.closeWriting()
        #expect(!pipe.readToEnd().contains("\n"))
    }

    @Test func closedReaderIsSurvived() throws {
        // SIGPIPE is not ignored here: the writer's thread must see to that itself.
        let pipe = try LogPipe()
        let pair = try LogPipe.ends()
        close(pair.reading)
        let writer = try LogWriter(to: pair.writing)
        for _ in 0..<3 {
            writer.write(.info, "m", [])
            #expect(writer.flush(within: net))
        }
        // Writing works again once the descriptor leads somewhere.
        #expect(dup2(pipe.writing, pair.writing) == pair.writing)
        writer.write(.info, "again", [])
        #expect(writer.close(within: net))
        close(pair.writing)
        pipe.closeWriting()
        #expect(
            pipe.readToEnd() == """
                \(stamp) warning log lines were lost count=3
                \(stamp) info again

                """)
    }

    @Test(arguments: [-1, 900, 100_000_000])
    func closedDescriptorIsSurvived(descriptor: Int32) throws {
        let writer = try LogWriter(to: descriptor)
        for _ in 0..<3 {
            writer.write(.info, "m", [])
            #expect(writer.flush(within: net))
        }
        #expect(writer.close(within: net))
    }

    @Test func fullDiskIsSurvived() throws {
        let full = open("/dev/full", O_WRONLY)
        try #require(full >= 0)
        let pipe = try LogPipe()
        let writer = try LogWriter(to: full)
        for _ in 0..<5 { writer.write(.info, "m", []) }
        #expect(writer.flush(within: net))
        #expect(dup2(pipe.writing, full) == full)
        #expect(writer.close(within: net))
        close(full)
        pipe.closeWriting()
        #expect(pipe.readToEnd() == "\(stamp) warning log lines were lost count=5\n")
    }

    @Test func linesWrittenBeforeTheReaderLeftAreNotLost() throws {
        let pipe = try LogPipe()
        let pair = try LogPipe.ends()
        let writer = try LogWriter(to: pair.writing)
        let text = String(repeating: "x", count: 2_000)
        let line = "\(stamp) info m k=\(text)\n"
        for _ in 0..<100 { writer.write(.info, "m", [.init("k", .text(text))]) }
        var file = pollfd(fd: pair.writing, events: Int16(POLLOUT), revents: 0)
        while poll(&file, 1, 0) > 0 { usleep(1_000) }
        var held: Int32 = 0
        #expect(ioctl(pair.reading, UInt(FIONREAD), &held) == 0)
        close(pair.reading)
        #expect(writer.flush(within: net))
        #expect(dup2(pipe.writing, pair.writing) == pair.writing)
        #expect(writer.close(within: net))
        close(pair.writing)
        pipe.closeWriting()
        let lost = 100 - Int(held) / line.utf8.count
        #expect(1..<100 ~= lost)
        #expect(pipe.readToEnd() == "\(stamp) warning log lines were lost count=\(lost)\n")
    }

    @Test func partOfALineIsEndedBeforeTheNext() throws {
        let pipe = try LogPipe()
        let thread = LogWriterThread(
            queue: LogQueue(bounds: .init(), wake: try Signal()),
            file: LogFile(descriptor: pipe.writing), format: .text, ended: try Signal(),
            now: { newYear })
        thread.isMidLine = true
        let record = LogRecord(time: newYear, level: .info, message: "m", fields: [])
        thread.write(LogQueue.Batch(records: [record], lost: 2, isLast: false))
        pipe.closeWriting()
        #expect(
            pipe.readToEnd()
                == "\n\(stamp) info m\n\(stamp) warning log lines were lost count=2\n")
    }

    @Test func socketThatNobodyReadsStopsNobody() throws {
        var pair: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
        let writer = try LogWriter(to: pair[0])
        let text = String(repeating: "x", count: 4_000)
        for _ in 0..<500 { writer.write(.info, "m", [.init("k", .text(text))]) }
        // Two megabytes do not fit into a socket that nobody reads.
        #expect(!writer.close(within: .milliseconds(20)))
        var bytes = [UInt8](repeating: 0, count: 25)
        #expect(read(pair[1], &bytes, bytes.count) == bytes.count)
        #expect(String(decoding: bytes, as: UTF8.self) == "\(stamp) ")
        close(pair[0])
        close(pair[1])
    }

    @Test func linesBehindTheEndAreLetGo() throws {
        let pipe = try LogPipe()
        let writer = try LogWriter(to: pipe.writing)
        #expect(writer.close(within: net))
        writer.write(.info, "late", [])
        #expect(writer.close(within: net))
        pipe.closeWriting()
        #expect(pipe.readToEnd() == "")
    }

    private func linesAfterClosing(_ writer: LogWriter, _ pipe: LogPipe) throws -> [String] {
        let read = Mutex("")
        let reader = Thread { read.withLock { $0 = pipe.readToEnd() } }
        reader.start()
        #expect(writer.close(within: net))
        pipe.closeWriting()
        while !reader.isFinished { usleep(1_000) }
        return read.withLock { $0 }.split(separator: "\n").map(String.init)
    }
}
