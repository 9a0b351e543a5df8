import Testing

@testable import RepriseNetwork

struct TLSStreamTests {
    private static let text = Array("hello".utf8)

    /// Bytes that repeat only after a prime number of them.
    static func pattern(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 % 251) }
    }

    @Test(arguments: [1, 5, 16_383, 16_384, 16_385, 65_536, 300_000])
    func bytesArriveAsTheyWereWritten(_ count: Int) throws {
        let pair = try TLSTestPair.connected()
        let client = try pair.client
        let server = try pair.server
        let bytes = Self.pattern(count)
        pair.run { client.write(bytes.span) }
        #expect(pair.serverReceiver.bytes == bytes)
        pair.run { server.write(keeping: bytes) }
        #expect(pair.clientReceiver.bytes == bytes)
        #expect(client.unsentByteCount == 0)
        #expect(client.sentByteCount == pair.clientWire.sentByteCount)
    }

    @Test(arguments: [1, 4, 5, 6, 21, 22, 23, 1000])
    func recordsMayComeInAnyPieces(_ size: Int) throws {
        let pair = try TLSTestPair.connected()
        pair.serverWire.deliverySize = size
        let client = try pair.client
        let bytes = Self.pattern(5000)
        pair.run { client.write(bytes.span) }
        pair.run { client.close() }
        #expect(pair.serverReceiver.bytes == bytes)
        #expect(pair.serverReceiver.hasEnded)
    }

    @Test func whatATurnWritesLeavesInOneRecord() throws {
        let pair = try TLSTestPair.connected()
        let client = try pair.client
        let before = pair.clientWire.sent.count
        let writes = pair.clientWire.writeCount
        pair.run {
            for byte in 0..<100 as Range<UInt8> { client.write([byte].span) }
            client.write(keeping: Self.pattern(8000))
            client.write([7].span)
        }
        #expect(pair.clientWire.writeCount == writes + 1)
        let record = pair.clientWire.sent[before...]
        // A header of 5 bytes with the length of the rest: plaintext, its type, and the tag.
        #expect(Array(record.prefix(3)) == [23, 3, 3])
        #expect(record.count == 5 + 8101 + 1 + 16)
        #expect(pair.serverReceiver.bytes == Array(0..<100) + Self.pattern(8000) + [7])
        #expect(pair.serverReceiver.deliveryCount == 1)
    }

    @Test func nothingIsWrittenForNoBytes() throws {
        let pair = try TLSTestPair.connected()
        let client = try pair.client
        let before = pair.clientWire.sent.count
        pair.run {
            client.write([UInt8]().span)
            client.write(keeping: [])
        }
        #expect(pair.clientWire.sent.count == before)
        #expect(pair.serverReceiver.deliveryCount == 0)
    }

    @Test func smallRecordsAreDeliveredTogether() throws {
        let pair = try TLSTestPair.connected()
        let client = try pair.client
        pair.serverWire.pauseReading()
        for byte in 0..<50 as Range<UInt8> { pair.run { client.write([byte].span) } }
        pair.run { pair.serverWire.resumeReading() }
        #expect(pair.serverReceiver.bytes == Array(0..<50))
        #expect(pair.serverReceiver.deliveryCount == 1)
    }

    @Test func closeIsACleanEndForThePeer() throws {
        let pair = try TLSTestPair.connected()
        let client = try pair.client
        let server = try pair.server
        pair.run {
            client.write(Self.text.span)
            client.close()
            client.write(Self.text.span)
            client.close()
        }
        #expect(pair.serverReceiver.bytes == Self.text)
        #expect(pair.serverReceiver.events == [.ended])
        #expect(pair.clientReceiver.events == [.closed(.closedHere)])
        pair.run { server.close() }
        #expect(pair.serverReceiver.events == [.ended, .closed(.closedHere)])
        #expect(pair.loop.timerCount == 0)
    }

    @Test func closeWithoutEndIsACutForThePeer() throws {
        let pair = try TLSTestPair.connected()
        let client = try pair.client
        pair.run {
            client.write(Self.text.span)
            client.closeWithoutEnd()
        }
        #expect(pair.serverReceiver.bytes == Self.text)
        #expect(pair.serverReceiver.events == [.closed(.truncated)])
        #expect(pair.clientReceiver.events == [.closed(.closedHere)])
        #expect(!pair.clientWire.wasAborted)
        pair.loop.advance(by: .seconds(20))
        #expect(pair.loop.timerCount == 0)
    }

    @Test(arguments: 1..<26)
    func anEndInAnyByteOfARecordIsACut(_ count: Int) throws {
        let pair = try TLSTestPair.connected()
        let client = try pair.client
        let before = pair.clientWire.sent.count
        pair.serverWire.pauseReading()
        pair.run { client.write([1, 2, 3].span) }
        let record = Array(pair.clientWire.sent[before...])
        #expect(record.count == 25)
        // The same record on a connection that ends within it.
        let lower = pair.serverWire.receiver
        pair.loop.turn {
            lower?.streamReceived(Array(record[..<count]).span)
            lower?.streamEnded()
        }
        #expect(pair.serverReceiver.bytes == (count == 25 ? [1, 2, 3] : []))
        #expect(pair.serverReceiver.events == [.closed(.truncated)])
    }

    @Test func halfAConnectionMayEndBeforeTheOther() throws {
        let pair = try TLSTestPair.connected()
        let client = try pair.client
        let server = try pair.server
        pair.run {
            client.write(Self.text.span)
            client.finishWriting()
            client.write(Self.text.span)
        }
        #expect(pair.serverReceiver.bytes == Self.text)
        #expect(pair.serverReceiver.events == [.ended])
        #expect(pair.clientReceiver.events == [])
        pair.run { server.write(Self.pattern(100_000).span) }
        #expect(pair.clientReceiver.bytes == Self.pattern(100_000))
        pair.run { server.finishWriting() }
        #expect(pair.clientReceiver.events == [.ended, .closed(.ended)])
        #expect(pair.serverReceiver.events.last == .closed(.ended))
        #expect(pair.loop.timerCount == 0)
    }

    @Test func abortIsAResetForThePeer() throws {
        let pair = try TLSTestPair.connected()
        let client = try pair.client
        pair.run {
            client.write(Self.text.span)
            client.abort()
            client.abort()
            #expect(pair.clientReceiver.events == [])
        }
        #expect(pair.clientReceiver.events == [.closed(.closedHere)])
        #expect(pair.serverReceiver.events == [.closed(.reset)])
    }

    @Test func aChangedByteIsAFailure() throws {
        let pair = try TLSTestPair.connected()
        let client = try pair.client
        let before = pair.clientWire.sent.count
        pair.serverWire.pauseReading()
        pair.run { client.write(Self.text.span) }
        let record = Array(pair.clientWire.sent[before...])
        var changed = record
        changed[10] ^= 1
        let lower = pair.serverWire.receiver
        pair.run { lower?.streamReceived(changed.span) }
        #expect(pair.serverReceiver.bytes.isEmpty)
        #expect(
            pair.serverReceiver.events
                == [.closed(.tls(.failed("decryption failed or bad record mac")))])
        // The client is told by an alert.
        #expect(
            pair.clientReceiver.closeReason == .tls(.failed("sslv3 alert bad record mac")))
        pair.loop.advance(by: .seconds(20))
        #expect(pair.loop.timerCount == 0)
    }

    @Test func bytesBeforeAFailureAreDelivered() throws {
        let pair = try TLSTestPair.connected()
        let client = try pair.client
        let before = pair.clientWire.sent.count
        pair.serverWire.pauseReading()
        pair.run { client.write(Self.text.span) }
        let record = Array(pair.clientWire.sent[before...])
        let lower = pair.serverWire.receiver
        pair.run { lower?.streamReceived((record + Array("rubbish".utf8)).span) }
        #expect(pair.serverReceiver.bytes == Self.text)
        guard case .tls = pair.serverReceiver.closeReason else {
            Issue.record("\(pair.serverReceiver.events)")
            return
        }
    }

    @Test(arguments: [true, false])
    func keysAreTakenAnew(_ isServer: Bool) throws {
        let pair = try TLSTestPair.connected()
        let stream = isServer ? try pair.server : try pair.client
        let other = isServer ? try pair.client : try pair.server
        let receiver = isServer ? pair.clientReceiver : pair.serverReceiver
        stream.recordsForKeys = 3
        for number in 0..<20 as Range<UInt8> {
            pair.run { stream.write([number].span) }
            pair.run { other.write([number].span) }
        }
        #expect(receiver.bytes == Array(0..<20))
        // Each change of keys is a record of its own: one after each three.
        #expect(stream.recordCount == 2)
        pair.run { stream.close() }
        #expect(receiver.hasEnded)
    }

    @Test func answersToKeyUpdatesLeaveThoughNothingIsWritten() throws {
        let pair = try TLSTestPair.connected()
        let client = try pair.client
        let engine = try #require(client.engine)
        let before = pair.serverWire.sent.count
        // OpenSSL answers with the next message that it reads or writes.
        for number in 0..<3 as Range<UInt8> {
            engine.updateKeys(askingPeer: true)
            pair.run { client.write([number].span) }
        }
        #expect(pair.serverReceiver.bytes == [0, 1, 2])
        #expect(pair.serverWire.sent.count > before)
        let server = try pair.server
        pair.run { server.write([3].span) }
        #expect(pair.clientReceiver.bytes == [3])
    }

    @Test func aPeerThatAsksForKeysAndReadsNoAnswerIsLeft() throws {
        let pair = try TLSTestPair.connected()
        let client = try pair.client
        pair.serverWire.capacity = 0
        for _ in 0..<100 {
            guard pair.serverReceiver.closeReason == nil, let engine = client.engine else { break }
            pair.run {
                for _ in 0..<400 {
                    engine.updateKeys(askingPeer: true)
                    _ = [1].withUnsafeBytes { engine.write($0) }
                    client.drainOutgoing()
                }
            }
        }
        #expect(
            pair.serverReceiver.closeReason
                == .tls(.failed("the peer does not read the answers it asks for")))
        #expect(pair.serverWire.mostUnsent <= 300_000)
        #expect(pair.serverWire.wasAborted)
    }

    @Test func theMemoryOfABurstIsGivenBack() throws {
        let pair = try TLSTestPair.connected()
        let client = try pair.client
        let server = try pair.server
        pair.run { client.write(Self.pattern(1_000_000).span) }
        pair.run { server.write(Self.pattern(1_000_000).span) }
        #expect(pair.clientReceiver.bytes.count == 1_000_000)
        for stream in [client, server] {
            let engine = try #require(stream.engine)
            #expect(engine.bufferCapacity <= 2 * MemoryBIO.idleCapacity)
            #expect(stream.queue.isEmpty)
        }
    }

    @Test func tlsMayRunOverTLS() throws {
        let outer = try TLSTestPair.connected()
        let loop = outer.loop
        var result: Result<any ByteStream, NetworkError>?
        var acceptance: TLSAcceptance?
        let client = try outer.client
        let server = try outer.server
        let context = try TLSTestCertificates.server("next")
        let trusting = try TLSTestCertificates.client()
        let clientReceiver = TLSTestReceiver()
        let serverReceiver = TLSTestReceiver()
        loop.turn {
            TLSStream.accept(
                over: server, context: context, deadline: loop.now + .seconds(9)
            ) {
                acceptance = $0
                if case .stream(let stream) = $0 { stream.receiver = serverReceiver }
            }
            _ = TLSStream.connect(
                over: client, context: trusting, host: "localhost",
                applicationProtocols: ["http/1.1"], deadline: loop.now + .seconds(9)
            ) { result = $0 }
        }
        loop.run()
        let inner = try #require(try result?.get())
        inner.receiver = clientReceiver
        outer.run {
            inner.write(Self.pattern(200_000).span)
            inner.close()
        }
        #expect(serverReceiver.bytes == Self.pattern(200_000))
        #expect(serverReceiver.events == [.ended])
        guard case .stream(let stream) = acceptance else {
            Issue.record("no stream")
            return
        }
        outer.run { stream.close() }
        #expect(clientReceiver.events == [.closed(.closedHere)] || clientReceiver.events == [])
        #expect(serverReceiver.events.last == .closed(.closedHere))
    }
}
