internal import RepriseNetwork

extension ByteStreamContract {
    static let reading: [Clause] = [
        Clause("each end has the other's address") { run throws(ContractViolation) in
            let (near, far) = (run.pair.near, run.pair.far)
            try run.expect(near.localAddress == far.peerAddress, "the near address differs")
            try run.expect(near.peerAddress == far.localAddress, "the far address differs")
        },
        Clause("bytes come whole and in order, then the end") { run throws(ContractViolation) in
            run.start()
            let bytes = pattern(300_000)
            var rest = bytes[...]
            var size = 1
            while !rest.isEmpty {
                let piece = Array(rest.prefix(size))
                run.onNear { near in
                    if size % 2 == 0 { near.write(piece.span) } else { near.write(keeping: piece) }
                }
                rest = rest.dropFirst(size)
                size = (size * 3) % 40_000 + 1
            }
            run.onNear { $0.finishWriting() }
            try run.wait(for: "the end") { run.far.endCount == 1 }
            try run.expect(run.far.bytes == bytes, "other bytes than those that were written")
        },
        Clause("both directions are apart") { run throws(ContractViolation) in
            run.start()
            let (there, back) = (pattern(150_000), Array(pattern(100_000).reversed()))
            run.onNear { $0.write(there.span) }
            run.onFar { $0.write(back.span) }
            try run.wait(for: "both") {
                run.far.bytes.count >= there.count && run.near.bytes.count >= back.count
            }
            try run.expect(run.far.bytes == there && run.near.bytes == back, "bytes are mixed up")
        },
        Clause("nothing is read before there is a receiver") { run throws(ContractViolation) in
            run.onNear { near in
                near.receiver = run.near
                near.write(pattern(1000).span)
                near.finishWriting()
            }
            run.pair.settle()
            run.onFar { $0.receiver = run.far }
            try run.expect(run.far.bytes.isEmpty, "bytes came while the receiver was set")
            try run.wait(for: "bytes and the end") { run.far.endCount == 1 }
            try run.expect(run.far.bytes == pattern(1000), "bytes were lost")
        },
        Clause("nothing is delivered while reading is paused") { run throws(ContractViolation) in
            run.start()
            run.onFar { far in
                far.pauseReading()
                run.far.mayDeliver = false
            }
            run.onNear { near in
                near.write(pattern(5000).span)
                near.finishWriting()
            }
            run.pair.settle()
            run.onFar { far in
                run.far.mayDeliver = true
                far.resumeReading()
            }
            try run.wait(for: "bytes and the end") { run.far.endCount == 1 }
            try run.expect(run.far.bytes == pattern(5000), "bytes were lost")
        },
        Clause("a pause in a delivery holds from then on") { run throws(ContractViolation) in
            run.start()
            let far = run.pair.far
            run.far.whenReceived = {
                far.pauseReading()
                run.far.mayDeliver = false
            }
            let bytes = pattern(200_000)
            run.onNear { near in
                near.write(bytes.span)
                near.finishWriting()
            }
            while run.far.bytes.count < bytes.count {
                let before = run.far.deliveryCount
                try run.wait(for: "a delivery") { run.far.deliveryCount > before }
                run.pair.settle()
                try run.expect(run.far.deliveryCount == before + 1, "a delivery while paused")
                if run.far.bytes.count > 100_000 { run.far.whenReceived = nil }
                run.onFar { far in
                    run.far.mayDeliver = true
                    far.resumeReading()
                }
                if run.far.whenReceived == nil { break }
            }
            try run.wait(for: "the end") { run.far.endCount == 1 }
            try run.expect(run.far.bytes == bytes, "bytes were lost")
        },
        Clause("a receiver can hand over to another") { run throws(ContractViolation) in
            run.start()
            run.onNear { $0.write([1, 2, 3].span) }
            try run.wait(for: "the first bytes") { run.far.bytes.count == 3 }
            let next = ByteStreamRecorder()
            run.onFar { $0.receiver = next }
            run.onNear { $0.write([4, 5].span) }
            try run.wait(for: "the next bytes") { next.bytes == [4, 5] }
            try run.expect(run.far.bytes == [1, 2, 3], "the first receiver got more")
            try run.expect(next.violations.isEmpty, "\(next.violations)")
        },
        Clause("what is written in a delivery leaves too") { run throws(ContractViolation) in
            run.start()
            let far = run.pair.far
            run.far.whenReceived = { far.write([UInt8(run.far.bytes.count & 255)].span) }
            for count in 1...20 {
                run.onNear { $0.write([0].span) }
                try run.wait(for: "answer \(count)") { run.near.bytes.count == count }
            }
            try run.expect(run.near.bytes == Array(1...20), "other answers")
        },
    ]
}
