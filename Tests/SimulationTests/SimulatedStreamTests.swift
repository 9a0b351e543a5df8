import RepriseLogging
import RepriseNetwork
import RepriseTesting
import Testing

struct SimulatedStreamTests {
    @Test func aConnectionHoldsNoMoreThanItsBuffer() throws {
        var plan = FaultPlan()
        plan.socketBuffer = 10_000...10_000
        let pair = try SimulatedPair(seed: 2, faults: plan)
        let recorder = ByteStreamRecorder()
        pair.perform(on: pair.far) {
            pair.far.receiver = recorder
            pair.far.pauseReading()
        }
        pair.perform(on: pair.near) {
            pair.near.write(keeping: [UInt8](repeating: 7, count: 50_000))
        }
        pair.settle()
        #expect(pair.near.sentByteCount == 10_000)
        #expect(pair.near.unsentByteCount == 40_000)
        recorder.whenReceived = { pair.far.pauseReading() }
        for delivery in 1...5 {
            pair.perform(on: pair.far) { pair.far.resumeReading() }
            pair.settle()
            #expect(recorder.bytes.count == delivery * 10_000)
            #expect(pair.near.sentByteCount == Int64(min(5, delivery + 1) * 10_000))
        }
    }

    @Test func bytesCanComeOneByOne() throws {
        var plan = FaultPlan()
        plan.byteByByteProbability = 1
        let pair = try SimulatedPair(seed: 3, faults: plan)
        let recorder = ByteStreamRecorder()
        pair.perform(on: pair.far) { pair.far.receiver = recorder }
        let bytes = (0..<200).map { UInt8($0) }
        pair.perform(on: pair.near) { pair.near.write(bytes.span) }
        pair.settle()
        #expect(recorder.bytes == bytes)
        #expect(recorder.deliveryCount == 200)
    }

    @Test func everySplitOfAShortWriteIsDrawnSometime() throws {
        var plan = FaultPlan()
        plan.splitProbability = 1
        var cuts = Set<[Int]>()
        for seed in UInt64(0)..<200 {
            let pair = try SimulatedPair(seed: seed, faults: plan)
            let recorder = ByteStreamRecorder()
            var ends: [Int] = []
            recorder.whenReceived = { ends.append(recorder.bytes.count) }
            pair.perform(on: pair.far) { pair.far.receiver = recorder }
            pair.perform(on: pair.near) { pair.near.write([1, 2, 3, 4].span) }
            pair.settle()
            #expect(recorder.bytes == [1, 2, 3, 4])
            cuts.insert(ends)
        }
        #expect(cuts.isSuperset(of: [[1, 4], [2, 4], [3, 4], [1, 2, 4], [1, 2, 3, 4]]))
    }

    @Test func aResetCanDestroyWhatHasArrivedOrLeaveIt() throws {
        var counts = Set<Int>()
        for seed in UInt64(0)..<60 {
            let pair = try SimulatedPair(seed: seed)
            let recorder = ByteStreamRecorder()
            pair.perform(on: pair.far) {
                pair.far.receiver = recorder
                pair.far.pauseReading()
            }
            pair.perform(on: pair.near) { pair.near.write([1, 2, 3].span) }
            pair.settle()
            pair.perform(on: pair.near) { pair.near.abort() }
            pair.settle()
            #expect(recorder.closeReason == nil, "a paused read is blind")
            pair.perform(on: pair.far) { pair.far.resumeReading() }
            pair.settle()
            #expect(recorder.closeReason == .reset)
            counts.insert(recorder.bytes.count)
        }
        #expect(counts == [0, 3])
    }

    @Test func aWriteShowsAResetThatAPausedReadDoesNot() throws {
        let pair = try SimulatedPair(seed: 8)
        let recorder = ByteStreamRecorder()
        pair.perform(on: pair.far) {
            pair.far.receiver = recorder
            pair.far.pauseReading()
        }
        pair.perform(on: pair.near) { pair.near.abort() }
        pair.settle()
        #expect(recorder.closeReason == nil)
        pair.perform(on: pair.far) { pair.far.write([1].span) }
        pair.settle()
        #expect(recorder.closeReason == .reset)
    }

    @Test func aSeveredConnectionIsSilentUntilTheSystemGivesUp() throws {
        let pair = try SimulatedPair(seed: 8)
        let (near, far) = (ByteStreamRecorder(), ByteStreamRecorder())
        pair.perform(on: pair.far) { pair.far.receiver = far }
        pair.perform(on: pair.near) { pair.near.receiver = near }
        (pair.near as? SimulatedStream)?.sever()
        pair.perform(on: pair.near) { pair.near.write([1].span) }
        pair.world.run(for: .seconds(900))
        #expect(near.closeReason == nil)
        pair.world.runUntilIdle()
        #expect(near.closeReason == .reset)
        #expect(far.closeReason == nil && far.bytes.isEmpty)
        #expect(pair.world.leftovers.count == 1)
    }

    @Test func aPeerThatVanishesTellsNobody() throws {
        let world = SimulatedWorld(seed: 2)
        let server = world.addHost("server")
        let echo = try EchoServer(on: server, port: 80)
        let peer = ScriptedPeer(
            on: world.addHost("client"), to: echo.listener.address,
            script: [.send([1]), .awaitCount(1), .vanish])
        #expect(world.run { peer.isOver })
        #expect(peer.closeReason == nil)
        world.run(for: .seconds(20))
        #expect(echo.listener.connectionCount == 1)
        world.run(for: .seconds(20))
        #expect(echo.listener.connectionCount == 0, "the server's own deadline ends it")
    }

    @Test func aStallDelaysAndDoesNotReorder() throws {
        let pair = try SimulatedPair(seed: 5)
        let recorder = ByteStreamRecorder()
        pair.perform(on: pair.far) { pair.far.receiver = recorder }
        pair.perform(on: pair.near) { pair.near.write([1, 2].span) }
        (pair.far as? SimulatedStream)?.stall(for: .seconds(3))
        pair.perform(on: pair.near) { pair.near.write([3].span) }
        pair.world.run(for: .seconds(2))
        #expect(recorder.bytes.isEmpty)
        pair.world.run(for: .seconds(2))
        #expect(recorder.bytes == [1, 2, 3])
    }

    @Test func aScriptedServerAnswersAScriptedClient() throws {
        let world = SimulatedWorld(seed: 6)
        let server = try ScriptedServer(on: world.addHost("server")) { number in
            [
                .awaitBytes(Array("\r\n\r\n".utf8)),
                .sendInPieces(Array("answer \(number)".utf8), size: 3, every: .seconds(1)),
                .finishWriting, .awaitEnd, .close,
            ]
        }
        let host = world.addHost("client")
        let clients = (0..<2).map { _ in
            ScriptedPeer(
                on: host, to: server.address,
                script: [
                    .send(Array("GET / HTTP/1.1\r\n".utf8)), .wait(.seconds(5)),
                    .send(Array("\r\n".utf8)), .awaitEnd, .close,
                ])
        }
        #expect(world.run { clients.allSatisfy(\.isOver) })
        #expect(Set(clients.map(\.receivedText)) == ["answer 0", "answer 1"])
        let first = try #require(clients[0].arrivals.first)
        #expect(first.count == 3)
        #expect(first.time > MonotonicTime(nanoseconds: 5_000_000_000))
        #expect(clients[0].endedAt ?? world.now > first.time + .seconds(2))
        server.close()
        world.runUntilIdle()
        #expect(world.leftovers.isEmpty, "\(world.leftovers)")
    }

    @Test func aRecordedLogHasTheVirtualTimeOfEachLine() {
        let world = SimulatedWorld(seed: 1, traceLimit: 10)
        let log = RecordingLog(in: world)
        let logger = Logger(level: .info, destination: log)
        world.run(for: .milliseconds(1500))
        logger.log(.debug, "left out")
        logger.log(.warning, "slow", [LogField("took", .integer(3))])
        #expect(log.lines.map(\.description) == ["1.500000000 warning slow took=3"])
        #expect(log.lines.first?["took"] == .integer(3))
        #expect(world.trace?.held.last == "1.500000000 log 1.500000000 warning slow took=3")
    }
}
