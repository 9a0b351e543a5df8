import RepriseNetwork
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct TCPStreamTests {
    @Test(arguments: [1, 2])
    func bytesComeBackFromAnEcho(loopCount: Int) async throws {
        try await withNetwork(loopCount: loopCount) { network in
            let listener = try network.listen(on: anyPort(), limit: 100) { stream in
                Recorder(stream).onBytes = { $0.stream.write($1) }
            }
            for round in 0..<4 {
                let client = try await network.connect(
                    to: listener.address, on: round % loopCount)
                await client.on { $0.write(text: "hello") }
                #expect(await client.wait { $0.count == 5 }.text == "hello")
                await client.on { $0.write(text: " again") }
                #expect(await client.wait { $0.count == 11 }.text == "hello again")
                await client.on { $0.close() }
                #expect(await client.closed() == .closedHere)
            }
        }
    }

    @Test func addressesAreThoseOfBothEnds() async throws {
        try await withNetwork { network in
            let (client, server, listener) = try await network.pair()
            let ours = await client.on { ($0.localAddress, $0.peerAddress) }
            let theirs = await server.on { ($0.localAddress, $0.peerAddress) }
            #expect(ours.1 == listener.address)
            #expect(theirs.0 == listener.address)
            #expect(ours.0 == theirs.1)
            #expect(listener.address.port != 0)
        }
    }

    @Test func piecesOfATurnArriveInTheirOrder() async throws {
        try await withNetwork { network in
            let (client, server, _) = try await network.pair()
            var expected: [UInt8] = []
            for index in 0..<500 {
                expected += [UInt8](
                    repeating: UInt8(truncatingIfNeeded: index), count: index * 7 % 3000)
            }
            await client.on { stream in
                for index in 0..<500 {
                    let piece = [UInt8](
                        repeating: UInt8(truncatingIfNeeded: index), count: index * 7 % 3000)
                    if index % 3 == 0 {
                        stream.write(keeping: piece)
                    } else {
                        stream.write(piece.span)
                    }
                }
                stream.finishWriting()
            }
            #expect(await server.wait { $0.ended }.bytes == expected)
        }
    }

    @Test func piecesOfATurnLeaveTogether() async throws {
        try await withNetwork { network in
            let sizes = Promise<Int>()
            let (client, _, _) = try await network.pair { server in
                server.onBytes = { sizes.fulfil($1.count) }
            }
            await client.on { stream in
                let loop = stream.loop
                stream.write(text: "one")
                loop.afterThisTurn {
                    stream.write(text: "two")
                    loop.afterThisTurn { stream.write(text: "three") }
                }
            }
            #expect(await sizes.value == 11)
        }
    }

    @Test func aSlowReaderHoldsTheWriterBack() async throws {
        try await withNetwork { network in
            let (client, server, _) = try await network.pair(keepsBytes: false)
            await server.on { $0.pauseReading() }
            let total = 64 << 20
            let piece = [UInt8](repeating: 7, count: 100_000)
            let mostUnsent = Shared(0)
            let written = Shared(0)
            let fill: @Sendable (any ByteStream) -> Void = { stream in
                while stream.unsentByteCount <= ByteStreamLimits.lowWaterMark,
                    written.withLock({ $0 }) < total
                {
                    stream.write(keeping: piece)
                    written.withLock { $0 += piece.count }
                    let unsent = stream.unsentByteCount
                    mostUnsent.withLock { $0 = max($0, unsent) }
                }
                if written.withLock({ $0 }) >= total { stream.finishWriting() }
            }
            await client.on { stream in
                client.onDrained = { fill($0.stream) }
                fill(stream)
            }
            // The paused reader gets nothing, and what is kept for it is bounded.
            let (sent, unsent, soFar) = await client.on { stream in
                (stream.sentByteCount, stream.unsentByteCount, written.withLock { $0 })
            }
            #expect(server.seen.count == 0)
            #expect(Int(sent) + unsent == soFar)
            await server.on { $0.resumeReading() }
            let seen = await server.wait { $0.ended }
            #expect(seen.count == written.withLock { $0 })
            #expect(seen.count >= total)
            #expect(mostUnsent.withLock { $0 } <= ByteStreamLimits.lowWaterMark + piece.count)
            let end = await client.on { ($0.sentByteCount, $0.unsentByteCount) }
            #expect(end == (Int64(seen.count), 0))
        }
    }

    @Test func aPausedReceiverGetsNothingAndThenAll() async throws {
        try await withNetwork { network in
            let (client, server, _) = try await network.pair(keepsBytes: false) { server in
                // Pauses at each delivery and goes on in a later turn.
                server.onBytes = { recorder, _ in
                    let stream = recorder.stream
                    stream.pauseReading()
                    let count = recorder.seen.count
                    let bound = LoopBound(recorder, on: stream.loop)
                    stream.loop.post {
                        // Only the delivery during which it was paused has come since.
                        #expect(bound.value.seen.count - count <= 64 << 10)
                        bound.value.stream.resumeReading()
                    }
                }
            }
            await client.on { stream in
                stream.write(keeping: [UInt8](repeating: 1, count: 5 << 20))
                stream.finishWriting()
            }
            #expect(await server.wait { $0.ended }.count == 5 << 20)
        }
    }

    @Test func countsOfBytesAreExactWhileThePeerDoesNotRead() async throws {
        try await withNetwork { network in
            let (client, server, _) = try await network.pair(keepsBytes: false)
            await server.on { $0.pauseReading() }
            await client.on { $0.write(keeping: [UInt8](repeating: 1, count: 20 << 20)) }
            let (sent, unsent) = await client.on { ($0.sentByteCount, $0.unsentByteCount) }
            #expect(Int(sent) + unsent == 20 << 20)
            #expect(sent > 0)
            #expect(unsent > 0)
            await server.on { $0.resumeReading() }
            _ = await server.wait { $0.count == 20 << 20 }
            _ = await client.wait { $0.drained == 1 }
            #expect(await client.on { $0.sentByteCount } == 20 << 20)
        }
    }

    @Test func anEndLeavesTheOtherDirectionOpen() async throws {
        try await withNetwork { network in
            let (client, server, _) = try await network.pair { server in
                server.onEnded = { recorder in
                    recorder.stream.write(text: "answer to \(recorder.seen.text)")
                    recorder.stream.finishWriting()
                }
            }
            await client.on { stream in
                stream.write(text: "question")
                stream.finishWriting()
                stream.write(text: "not sent")
            }
            #expect(await client.wait { $0.ended }.text == "answer to question")
            #expect(await client.closed() == .ended)
            #expect(await server.closed() == .ended)
        }
    }

    @Test func theServerMayEndFirst() async throws {
        try await withNetwork { network in
            let (client, server, _) = try await network.pair()
            await server.on { stream in
                stream.write(text: "bye")
                stream.finishWriting()
            }
            #expect(await client.wait { $0.ended }.text == "bye")
            await client.on { $0.write(text: "late") }
            #expect(await server.wait { $0.count == 4 }.text == "late")
            await client.on { $0.finishWriting() }
            #expect(await server.closed() == .ended)
            #expect(await client.closed() == .ended)
        }
    }

    @Test func anAbortIsSeenAsAReset() async throws {
        try await withNetwork { network in
            let (client, server, _) = try await network.pair()
            await client.on { stream in
                stream.write(text: "lost")
                stream.abort()
            }
            #expect(await client.closed() == .closedHere)
            #expect(await server.closed() == .reset)
            #expect(!server.seen.ended)
            #expect(server.seen.count == 0)
        }
    }

    @Test func anAbortLosesWhatWasNotSent() async throws {
        try await withNetwork { network in
            let (client, server, _) = try await network.pair(keepsBytes: false)
            await server.on { $0.pauseReading() }
            await client.on { $0.write(keeping: [UInt8](repeating: 1, count: 20 << 20)) }
            #expect(await client.on { $0.unsentByteCount } > 0)
            await client.on { $0.abort() }
            #expect(await client.closed() == .closedHere)
            await server.on { $0.resumeReading() }
            #expect(await server.closed() == .reset)
            #expect(server.seen.count < 20 << 20)
        }
    }

    @Test func aResetIsNoticedByAWriterWhoseReadingIsPaused() async throws {
        try await withNetwork { network in
            let (client, server, _) = try await network.pair(keepsBytes: false)
            await client.on { $0.pauseReading() }
            await server.on { stream in
                stream.pauseReading()
            }
            await client.on { $0.write(keeping: [UInt8](repeating: 1, count: 20 << 20)) }
            await server.on { $0.abort() }
            #expect(await client.closed() == .reset)
        }
    }

    @Test func aCloseDeliversAllThoughInputIsUnread() async throws {
        try await withNetwork { network in
            let answer = [UInt8](repeating: 9, count: 3 << 20)
            let (client, server, _) = try await network.pair(keepsBytes: false) { server in
                server.onBytes = { recorder, _ in
                    // An early answer: most of the upload has not been read.
                    recorder.stream.pauseReading()
                    recorder.stream.write(keeping: answer)
                    recorder.stream.close()
                }
            }
            await client.on { $0.write(keeping: [UInt8](repeating: 1, count: 8 << 20)) }
            let seen = await client.wait { $0.ended || $0.closed != nil }
            #expect(seen.count == answer.count)
            #expect(seen.ended)
            #expect(seen.closed == nil)
            await client.on { $0.close() }
            #expect(await server.closed() == .closedHere)
            // After the close nothing was delivered any more.
            #expect(server.seen.count <= 64 << 10)
        }
    }

    @Test func aCloseEndsThoughThePeerDoesNot() async throws {
        try await withNetwork { network in
            let (client, server, listener) = try await network.pair()
            await server.on { $0.close() }
            #expect(await client.wait { $0.ended }.ended)
            // The client keeps its side open; the server does not wait for it for long.
            #expect(await server.closed() == .closedHere)
            #expect(listener.connectionCount == 0)
        }
    }

    @Test func nothingIsWrittenAfterAClose() async throws {
        try await withNetwork { network in
            let (client, server, _) = try await network.pair()
            await client.on { stream in
                stream.write(text: "before")
                stream.close()
                stream.write(text: "after")
                stream.close()
                stream.finishWriting()
                #expect(stream.unsentByteCount == 6)
            }
            #expect(await server.wait { $0.ended }.text == "before")
            await server.on { $0.close() }
            #expect(await client.closed() == .closedHere)
            let rest = await client.on { ($0.unsentByteCount, $0.sentByteCount) }
            #expect(rest == (0, 6))
            await client.on { stream in
                stream.write(text: "gone")
                stream.abort()
                stream.pauseReading()
                stream.resumeReading()
            }
        }
    }

    @Test func anEarlyAnswerIsReadThoughTheUploadFails() async throws {
        try await withNetwork { network in
            let (client, server, _) = try await network.pair(keepsBytes: false) { server in
                server.onBytes = { recorder, _ in
                    recorder.stream.pauseReading()
                    recorder.stream.write(text: "413")
                    // The answer is in the peer's buffer when the reset comes.
                    let bound = LoopBound(recorder, on: recorder.stream.loop)
                    recorder.stream.loop.post { bound.value.stream.abort() }
                }
            }
            await client.on { $0.write(keeping: [UInt8](repeating: 1, count: 20 << 20)) }
            #expect(await client.closed() == .reset)
            #expect(client.seen.count == 3)
            await server.closed()
        }
    }

    @Test func refusedConnectionsSaySo() async throws {
        try await withNetwork { network in
            let listener = try network.listen(on: anyPort(), limit: 1) { $0.abort() }
            let address = listener.address
            let isClosed = Promise<Bool>()
            listener.close { isClosed.fulfil(true) }
            _ = await isClosed.value
            await #expect(throws: NetworkError.system(code: 111, reason: "Connection refused")) {
                try await network.connect(to: address)
            }
        }
    }

    @Test func aCancelledConnectionCompletesNot() async throws {
        try await withNetwork { network in
            let listener = try network.listen(on: anyPort(), limit: 10) { stream in
                _ = Recorder(stream)
            }
            let address = listener.address
            let loop = network.loops[0]
            let called = Shared(false)
            await loop.run {
                let attempt = loop.connect(to: address) { _ in called.withLock { $0 = true } }
                attempt.cancel()
                attempt.cancel()
            }
            // A connection that is made afterwards shows that the loop has passed the first by.
            let client = try await network.connect(to: address)
            await client.on { $0.abort() }
            await client.closed()
            #expect(!called.withLock { $0 })
        }
    }
}
