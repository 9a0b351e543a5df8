internal import RepriseNetwork

extension ByteStreamContract {
    /// More than the buffers of two sockets hold, also where the system lets them grow.
    private static let flood = 16 << 20

    static let writing: [Clause] = [
        Clause("it counts what is written and what is sent") { run throws(ContractViolation) in
            run.start()
            var unsent = 0
            run.onNear { near in
                near.write(pattern(700).span)
                near.write(keeping: pattern(300))
                unsent = near.unsentByteCount
            }
            try run.expect(unsent <= 1000, "\(unsent) bytes unsent of 1000")
            try run.wait(for: "all") { run.far.bytes.count == 1000 }
            var counts: (Int, Int64) = (-1, -1)
            run.onNear { counts = ($0.unsentByteCount, $0.sentByteCount) }
            try run.expect(counts == (0, 1000), "counts are \(counts)")
            try run.expect(run.near.drainCount == 0, "drained without having been full")
        },
        Clause("a peer that does not read holds the writer up") { run throws(ContractViolation) in
            run.start()
            run.onFar { $0.pauseReading() }
            let bytes = pattern(1 << 20)
            run.onNear { near in
                for _ in 0..<(flood >> 20) { near.write(bytes.span) }
            }
            run.pair.settle()
            var counts: (unsent: Int, sent: Int64) = (0, 0)
            run.onNear { counts = ($0.unsentByteCount, $0.sentByteCount) }
            try run.expect(
                counts.unsent > ByteStreamLimits.lowWaterMark, "all was sent to a peer that waits")
            try run.expect(counts.unsent + Int(counts.sent) == flood, "counts are \(counts)")
            try run.expect(run.near.drainCount == 0, "drained though the peer does not read")
            run.onFar { $0.resumeReading() }
            try run.wait(for: "all") { run.far.bytes.count >= flood }
            try run.wait(for: "drained") { run.near.drainCount > 0 }
            try run.expect(run.near.drainCount == 1, "drained \(run.near.drainCount) times")
            try run.expect(run.far.bytes.count == flood, "more than was written")
            try run.expect(
                run.far.bytes[(flood - bytes.count)...].elementsEqual(bytes), "other bytes")
        },
        Clause("a full stream that is taken at once drains too") { run throws(ContractViolation) in
            run.start()
            run.onNear { $0.write(pattern(ByteStreamLimits.lowWaterMark + 1).span) }
            var isInTurn = true
            run.near.whenDrained = { isInTurn = false }
            try run.wait(for: "drained") { run.near.drainCount == 1 }
            try run.expect(!isInTurn, "drained in the turn of the write")
        },
        Clause("a producer goes on each time it drains") { run throws(ContractViolation) in
            run.start()
            let near = run.pair.near
            let bytes = pattern(3 << 20)
            var written = 0
            var most = 0
            func produce() {
                while written < bytes.count, near.unsentByteCount <= ByteStreamLimits.lowWaterMark {
                    let piece = Array(bytes[written..<min(written + 50_000, bytes.count)])
                    near.write(keeping: piece)
                    written += piece.count
                    most = max(most, near.unsentByteCount)
                }
                if written == bytes.count { near.finishWriting() }
            }
            run.near.whenDrained = produce
            run.onNear { _ in produce() }
            try run.wait(for: "the end") { run.far.endCount == 1 }
            try run.expect(run.far.bytes == bytes, "other bytes")
            try run.expect(
                most <= ByteStreamLimits.lowWaterMark + 50_000, "\(most) bytes were unsent")
        },
        Clause("an end of one side leaves the other open") { run throws(ContractViolation) in
            run.start()
            run.onNear { near in
                near.write([1].span)
                near.finishWriting()
                near.write([2].span)
            }
            try run.wait(for: "the near end's end") { run.far.endCount == 1 }
            run.pair.settle()
            try run.expect(run.far.closeReason == nil, "an end alone closed the far end")
            try run.expect(run.near.closeReason == nil, "an end alone closed the near end")
            run.onFar { $0.write(pattern(100_000).span) }
            try run.wait(for: "the answer") { run.near.bytes.count == 100_000 }
            try run.expect(run.far.bytes == [1], "bytes were written behind the end")
            run.onFar { $0.finishWriting() }
            try run.wait(for: "both closed") {
                run.near.closeReason != nil && run.far.closeReason != nil
            }
            try run.expect(run.near.endCount == 1, "closed without the end")
            try run.expect(run.near.closeReason == .ended, "near: \(run.near.closeReason as Any)")
            try run.expect(run.far.closeReason == .ended, "far: \(run.far.closeReason as Any)")
        },
        Clause("an answer can be written when the end comes") { run throws(ContractViolation) in
            run.start()
            let far = run.pair.far
            run.far.whenEnded = {
                far.write(pattern(2000).span)
                far.close()
            }
            run.onNear { near in
                near.write([9].span)
                near.finishWriting()
            }
            try run.wait(for: "both closed") {
                run.near.closeReason != nil && run.far.closeReason != nil
            }
            try run.expect(run.near.bytes == pattern(2000), "the answer was lost")
            try run.expect(run.near.closeReason == .ended, "near: \(run.near.closeReason as Any)")
            try run.expect(run.far.closeReason == .closedHere, "far: \(run.far.closeReason as Any)")
        },
    ]
}
