internal import RepriseNetwork

extension ByteStreamContract {
    static let closing: [Clause] = [
        closeSendsWhatIsWritten("close") { $0.close() },
        closeSendsWhatIsWritten("close without an end") { $0.closeWithoutEnd() },
        Clause("unread bytes do not destroy the answer") { run throws(ContractViolation) in
            run.start()
            run.onNear { $0.pauseReading() }
            run.onFar { $0.write(pattern(60_000).span) }
            run.pair.settle()
            run.near.mayDeliver = false
            run.onNear { near in
                near.write(pattern(90_000).span)
                near.close()
            }
            // The peer goes on sending for a moment, as a client does that has not read yet.
            run.onFar { $0.write(pattern(5000).span) }
            try run.wait(for: "the answer") { run.far.endCount == 1 }
            try run.expect(run.far.bytes == pattern(90_000), "the answer is not whole")
            run.onFar { $0.close() }
            try run.wait(for: "closed") { run.near.closeReason != nil }
        },
        Clause("after a close nothing comes but closed") { run throws(ContractViolation) in
            run.start()
            run.onFar { $0.write(pattern(1000).span) }
            run.onNear { near in
                run.near.mayDeliver = false
                near.close()
                near.write([1].span)
                run.near.mayDeliver = false
            }
            let before = run.near.bytes.count
            try run.wait(for: "the end") { run.far.endCount == 1 }
            run.onFar { far in
                far.write(pattern(1000).span)
                far.close()
            }
            try run.wait(for: "both closed") {
                run.near.closeReason != nil && run.far.closeReason != nil
            }
            try run.expect(run.near.bytes.count == before, "bytes after the close")
            try run.expect(run.far.bytes.isEmpty, "bytes that were written after the close")
            try run.expect(run.near.endCount == 0, "an end after the close")
            try run.expect(run.near.closeReason == .closedHere, "\(run.near.closeReason as Any)")
        },
        Clause("closed is told in a later turn, and once") { run throws(ContractViolation) in
            run.start()
            var early = false
            run.onNear { near in
                near.close()
                near.close()
                near.abort()
                near.abort()
                near.close()
                early = run.near.closeReason != nil
            }
            try run.expect(!early, "told in the turn of the call")
            try run.wait(for: "closed") { run.near.closeReason != nil }
            try run.expect(run.near.closeReason == .closedHere, "\(run.near.closeReason as Any)")
            run.pair.settle()
        },
        Clause("an abort is a reset for the peer") { run throws(ContractViolation) in
            run.start()
            run.onNear { $0.write([1, 2, 3].span) }
            try run.wait(for: "the bytes before it") { run.far.bytes.count == 3 }
            run.onNear { near in
                near.write([4].span)
                near.abort()
            }
            try run.wait(for: "both closed") {
                run.near.closeReason != nil && run.far.closeReason != nil
            }
            try run.expect(run.near.closeReason == .closedHere, "\(run.near.closeReason as Any)")
            try run.expect(run.far.closeReason == .reset, "\(run.far.closeReason as Any)")
            try run.expect(run.far.endCount == 0, "an end though it was a reset")
        },
        Clause("an abort does not wait for a peer that does not read") {
            run throws(ContractViolation) in
            run.start()
            run.onFar { $0.pauseReading() }
            run.onNear { near in
                for _ in 0..<16 { near.write(pattern(1 << 20).span) }
                near.close()
            }
            run.pair.settle()
            try run.expect(run.near.closeReason == nil, "closed before all was sent")
            run.onNear { $0.abort() }
            try run.wait(for: "closed") { run.near.closeReason != nil }
            run.onFar { $0.resumeReading() }
            try run.wait(for: "the reset") { run.far.closeReason != nil }
            try run.expect(run.far.closeReason == .reset, "\(run.far.closeReason as Any)")
        },
        closeInside("close") { $0.close() },
        closeInside("abort") { $0.abort() },
        Clause("both ends can close at the same time") { run throws(ContractViolation) in
            run.start()
            run.onNear { $0.close() }
            run.onFar { $0.close() }
            try run.wait(for: "both closed") {
                run.near.closeReason != nil && run.far.closeReason != nil
            }
            try run.expect(run.near.closeReason == .closedHere, "\(run.near.closeReason as Any)")
        },
        Clause("a stream lets go of its receiver when it is closed") {
            run throws(ContractViolation) in
            run.start()
            weak var held: ByteStreamRecorder?
            run.onNear { near in
                let recorder = ByteStreamRecorder()
                held = recorder
                near.receiver = recorder
            }
            try run.expect(held != nil, "the receiver is not kept while the stream is open")
            run.onNear { $0.abort() }
            try run.wait(for: "letting go") { held == nil }
        },
    ]

    private static func closeSendsWhatIsWritten(
        _ name: String, _ close: @escaping @Sendable (any ByteStream) -> Void
    ) -> Clause {
        Clause("a \(name) sends what is written") { run throws(ContractViolation) in
            run.start()
            let bytes = pattern(3 << 20)
            run.onNear { near in
                near.write(bytes.span)
                close(near)
            }
            try run.wait(for: "the end") { run.far.endCount == 1 }
            try run.expect(run.far.bytes == bytes, "other bytes than those that were written")
            run.onFar { $0.finishWriting() }
            try run.wait(for: "both closed") {
                run.near.closeReason != nil && run.far.closeReason != nil
            }
            try run.expect(run.near.closeReason == .closedHere, "\(run.near.closeReason as Any)")
            try run.expect(run.far.closeReason == .ended, "\(run.far.closeReason as Any)")
        }
    }

    private static func closeInside(
        _ name: String, _ close: @escaping @Sendable (any ByteStream) -> Void
    ) -> Clause {
        Clause("a delivery is the last when it calls \(name)") { run throws(ContractViolation) in
            run.start()
            let far = run.pair.far
            run.far.whenReceived = {
                close(far)
                run.far.mayDeliver = false
            }
            run.onNear { near in
                near.write(pattern(300_000).span)
                near.finishWriting()
            }
            try run.wait(for: "closed") { run.far.closeReason != nil }
            try run.expect(run.far.deliveryCount == 1, "\(run.far.deliveryCount) deliveries")
            try run.expect(run.far.closeReason == .closedHere, "\(run.far.closeReason as Any)")
        }
    }
}
