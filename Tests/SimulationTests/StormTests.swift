import RepriseNetwork
import RepriseTesting
import Testing

/// Runs of an echo server under drawn faults: the world itself has to keep its promises there.
struct StormTests {
    private struct Outcome: Equatable {
        var trace: String
        var digest: UInt64
        var fingerprint: UInt64
        var events: Int
        /// How the clients' connections came to their ends.
        var ends: [String]
    }

    @Test(arguments: [1, 2, 3, 77, 0xDEAD_BEEF] as [UInt64])
    func theSameSeedGivesTheSameTraceByteForByte(_ seed: UInt64) throws {
        let one = try run(seed: seed, traceLimit: 100_000)
        let other = try run(seed: seed, traceLimit: 100_000)
        #expect(one == other)
        #expect(!one.trace.isEmpty)
        let next = try run(seed: seed + 1, traceLimit: 100_000)
        #expect(one.trace != next.trace)
        let untraced = try run(seed: seed, traceLimit: 0)
        #expect(untraced.fingerprint == one.fingerprint, "recording changes the run")
    }

    @Test func whatComesBackIsABeginningOfWhatWasSentAndNothingIsLeft() throws {
        var ends: [String: Int] = [:]
        for seed in UInt64(1)...100 {
            let outcome = try run(seed: seed, traceLimit: 0)
            for end in outcome.ends { ends[end, default: 0] += 1 }
        }
        // A storm in which nothing breaks, or nothing gets through, would prove little.
        for end in ["ended", "reset", "closedHere", "vanished", "not connected"] {
            #expect(ends[end, default: 0] > 5, "\(ends)")
        }
    }

    private func run(seed: UInt64, traceLimit: Int) throws -> Outcome {
        var options = SeededRandom(seed: seed)
        let plan = FaultPlan.swarm(&options)
        let world = SimulatedWorld(seed: seed, faults: plan, traceLimit: traceLimit)
        let server = world.addHost("server", loopCount: 2)
        let echo = try EchoServer(on: server, port: 7, limit: 3)
        var clients: [(peer: ScriptedPeer, sent: [UInt8])] = []
        for number in 0..<6 {
            let host = world.addHost("client\(number)")
            let bytes = (0..<options.number(in: 1...30_000)).map {
                UInt8(truncatingIfNeeded: $0 &* 31 &+ number)
            }
            clients.append(
                (
                    ScriptedPeer(
                        on: host, to: echo.listener.address, script: script(bytes, &options)), bytes
                ))
        }
        world.run(for: .seconds(20))
        world.calm()
        let ended = world.run(limit: .seconds(2000)) { clients.allSatisfy { $0.peer.isOver } }
        #expect(ended, "seed \(seed): \(world.leftovers)")
        for (peer, sent) in clients {
            #expect(sent.starts(with: peer.received), "seed \(seed): other bytes came back")
            if peer.closeReason == .ended, peer.finishedAt != nil {
                #expect(peer.received == sent, "seed \(seed): a clean end without all bytes")
            }
        }
        echo.listener.close {}
        let idle = world.runUntilIdle()
        #expect(idle && world.leftovers.isEmpty, "seed \(seed): \(world.leftovers)")
        return Outcome(
            trace: world.trace?.text ?? "", digest: world.trace?.digest ?? 0,
            fingerprint: world.fingerprint, events: world.eventCount,
            ends: clients.map { client in
                if client.peer.failure != nil { return "not connected" }
                return client.peer.closeReason.map { "\($0)" } ?? "vanished"
            })
    }

    private func script(_ bytes: [UInt8], _ random: inout SeededRandom) -> [ScriptedPeer.Step] {
        let send: [ScriptedPeer.Step] =
            random.chance(0.5)
            ? [.send(bytes)]
            : [.sendInPieces(bytes, size: random.number(in: 1...5000), every: .milliseconds(3))]
        let giveUp = ScriptedPeer.Step.perform { peer in peer.closeAfter(.seconds(60)) }
        switch random.number(below: 5) {
        case 0: return [giveUp] + send + [.abort]
        case 1:
            return [giveUp, .stopReading] + send + [.wait(.seconds(2)), .readAgain, .finishWriting]
        case 2:
            return [giveUp, .readSlowly(atMost: 100, every: .milliseconds(2))] + send + [
                .finishWriting
            ]
        case 3: return [giveUp] + send + [.vanish]
        default: return [giveUp] + send + [.finishWriting]
        }
    }
}

extension ScriptedPeer {
    /// Aborts the connection if it is still open after a time, as a client's deadline does.
    fileprivate func closeAfter(_ duration: Duration) {
        guard let loop = stream?.loop else { return }
        _ = loop.schedule(after: duration) { [weak self] in self?.stream?.abort() }
    }
}
