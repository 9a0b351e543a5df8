import Testing

@testable import RepriseNetwork

struct TLSBackPressureTests {
    @Test func aWriteOfTwoMegabytesIsEncryptedAsThePeerTakesIt() throws {
        let pair = try TLSTestPair.connected()
        let client = try pair.client
        let server = try pair.server
        pair.serverWire.pauseReading()
        server.pauseReading()
        let bytes = TLSStreamTests.pattern(2 << 20)
        pair.clientWire.capacity = 100_000
        pair.run { client.write(keeping: bytes) }
        // What the wire holds and no more is encrypted; the rest waits as it is.
        #expect(pair.clientWire.mostUnsent <= ByteStreamLimits.lowWaterMark + 17_000)
        #expect(client.unsentByteCount > bytes.count - 200_000)
        #expect(!pair.clientReceiver.events.contains(.drained))
        pair.run { server.resumeReading() }
        #expect(pair.serverReceiver.bytes == bytes)
        #expect(client.unsentByteCount == 0)
        #expect(pair.clientReceiver.events == [.drained])
        #expect(pair.clientWire.mostUnsent <= ByteStreamLimits.lowWaterMark + 17_000)
    }

    @Test func aWriterThatHeedsDrainedWritesAllWithLittleMemory() throws {
        let pair = try TLSTestPair.connected()
        let client = try pair.client
        pair.clientWire.capacity = 30_000
        var remaining = 5 << 20
        var most = 0
        func writeMore() {
            while remaining > 0, client.unsentByteCount <= ByteStreamLimits.lowWaterMark {
                let count = min(remaining, 10_000)
                client.write([UInt8](repeating: 3, count: count).span)
                remaining -= count
                most = max(most, client.unsentByteCount)
            }
        }
        pair.clientReceiver.onDrained = writeMore
        pair.run { writeMore() }
        #expect(remaining == 0)
        #expect(pair.serverReceiver.bytes.count == 5 << 20)
        #expect(most <= ByteStreamLimits.lowWaterMark + 30_000)
    }

    @Test func pausedReadingDeliversNothingAndPausesTheWire() throws {
        let pair = try TLSTestPair.connected()
        let client = try pair.client
        let server = try pair.server
        pair.run { server.pauseReading() }
        #expect(pair.serverWire.isReadingPaused)
        pair.run { client.write(TLSStreamTests.pattern(100_000).span) }
        #expect(pair.serverReceiver.deliveryCount == 0)
        pair.run { server.resumeReading() }
        #expect(!pair.serverWire.isReadingPaused)
        #expect(pair.serverReceiver.bytes == TLSStreamTests.pattern(100_000))
    }

    @Test func aReceiverMayPauseAtEachDelivery() throws {
        let pair = try TLSTestPair.connected()
        let client = try pair.client
        let server = try pair.server
        var isPaused = false
        pair.serverReceiver.onBytes = { _ in
            #expect(!isPaused)
            isPaused = true
            server.pauseReading()
        }
        let bytes = TLSStreamTests.pattern(200_000)
        pair.run { client.write(bytes.span) }
        pair.run { client.close() }
        var rounds = 0
        while isPaused, rounds < 1000 {
            let count = pair.serverReceiver.deliveryCount
            #expect(pair.serverReceiver.events.isEmpty)
            isPaused = false
            pair.run { server.resumeReading() }
            #expect(pair.serverReceiver.deliveryCount <= count + 1)
            rounds += 1
        }
        #expect(pair.serverReceiver.bytes == bytes)
        #expect(pair.serverReceiver.events == [.ended])
        #expect(rounds >= 200_000 / 16_384)
    }

    @Test(arguments: [true, false])
    func anEndWaitsBehindPausedBytes(_ isClean: Bool) throws {
        let pair = try TLSTestPair.connected()
        let client = try pair.client
        let server = try pair.server
        pair.serverReceiver.onBytes = { _ in server.pauseReading() }
        pair.run {
            client.write([1, 2, 3].span)
            if isClean { client.close() } else { client.closeWithoutEnd() }
        }
        #expect(pair.serverReceiver.bytes == [1, 2, 3])
        #expect(pair.serverReceiver.events.isEmpty)
        pair.run { server.resumeReading() }
        #expect(pair.serverReceiver.events == [isClean ? .ended : .closed(.truncated)])
    }

    @Test func aWriterHearsOfAResetThoughItHasPausedReading() throws {
        let pair = try TLSTestPair.connected()
        let client = try pair.client
        let server = try pair.server
        pair.serverReceiver.onBytes = { _ in server.pauseReading() }
        pair.run { client.write(TLSStreamTests.pattern(40_000).span) }
        pair.run { client.abort() }
        pair.run { server.write([1].span) }
        #expect(pair.serverReceiver.closeReason == .reset)
        #expect(pair.loop.timerCount == 0)
    }

    @Test func closingSendsAllThatWaits() throws {
        let pair = try TLSTestPair.connected()
        let client = try pair.client
        pair.clientWire.capacity = 50_000
        pair.serverWire.deliverySize = 7000
        let bytes = TLSStreamTests.pattern(1 << 20)
        pair.run {
            client.write(bytes.span)
            client.close()
        }
        #expect(pair.serverReceiver.bytes == bytes)
        #expect(pair.serverReceiver.events == [.ended])
    }

    @Test func abortingWhileClosingDropsWhatWaits() throws {
        let pair = try TLSTestPair.connected()
        let client = try pair.client
        let server = try pair.server
        server.pauseReading()
        pair.clientWire.capacity = 50_000
        pair.run {
            client.write(TLSStreamTests.pattern(1 << 20).span)
            client.close()
        }
        #expect(pair.clientReceiver.events.isEmpty)
        #expect(client.unsentByteCount > 500_000)
        pair.run { client.abort() }
        #expect(pair.clientReceiver.events == [.closed(.closedHere)])
        #expect(client.unsentByteCount == 0)
    }

    @Test func bothSidesMayWriteMuchAtOnce() throws {
        let pair = try TLSTestPair.connected()
        let client = try pair.client
        let server = try pair.server
        pair.clientWire.capacity = 20_000
        pair.serverWire.capacity = 20_000
        let bytes = TLSStreamTests.pattern(1 << 20)
        pair.run {
            client.write(bytes.span)
            server.write(keeping: bytes)
            client.finishWriting()
            server.finishWriting()
        }
        #expect(pair.serverReceiver.bytes == bytes)
        #expect(pair.clientReceiver.bytes == bytes)
        #expect(pair.serverReceiver.closeReason == .ended)
        #expect(pair.clientReceiver.closeReason == .ended)
    }
}
