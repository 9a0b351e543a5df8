import RepriseNetwork
import RepriseTesting
import Testing

struct SimulatedNetworkTests {
    private let world = SimulatedWorld(seed: 9)

    private func resolve(
        _ name: String, on host: SimulatedNetwork
    ) -> Result<[SocketAddress], NetworkError>? {
        var result: Result<[SocketAddress], NetworkError>?
        host.loop.perform { _ = host.loop.resolve(name, port: 443) { result = $0 } }
        #expect(result == nil, "a look-up ends in a later turn")
        world.runUntilIdle()
        return result
    }

    @Test func namesAreFoundInTheTableOfTheWorld() throws {
        let host = world.addHost("host")
        let server = world.addHost("server", address: [10, 9, 8, 7])
        world.setName("Two.example", .addresses([[1, 2, 3, 4], [UInt8](repeating: 1, count: 16)]))
        world.setName("broken.example", .failing("SERVFAIL"))
        #expect(try resolve("server", on: host)?.get() == [server.address(port: 443)])
        #expect(try resolve("TWO.EXAMPLE", on: host)?.get().map(\.isIPv6) == [false, true])
        #expect(resolve("nowhere.example", on: host) == .failure(.unknownHost))
        #expect(resolve("broken.example", on: host) == .failure(.lookupFailed("SERVFAIL")))
        #expect(try resolve("192.0.2.7", on: host)?.get().first?.bytes == [192, 0, 2, 7])
        #expect(try resolve("::1", on: host)?.get().first?.bytes.last == 1)
        world.setName("silent.example", .silent)
        let before = world.now
        if case .failure(.lookupFailed) = resolve("silent.example", on: host) {
            #expect(world.now - before >= .seconds(30))
        } else {
            Issue.record("a look-up without an answer fails")
        }
    }

    @Test func aConnectionIsRefusedOrNeverAnswered() throws {
        let host = world.addHost("host")
        let server = world.addHost("server")
        _ = try EchoServer(on: server, port: 80)
        let closed = ScriptedPeer(on: host, to: server.address(port: 81), script: [])
        #expect(world.run(limit: .seconds(1)) { closed.failure != nil })
        server.reachability = .refuses
        let refused = ScriptedPeer(on: host, to: server.address(port: 80), script: [])
        #expect(world.run(limit: .seconds(1)) { refused.failure != nil })
        #expect(refused.failure == closed.failure)
        server.reachability = .silent
        let silent = ScriptedPeer(on: host, to: server.address(port: 80), script: [])
        #expect(!world.run(limit: .seconds(120)) { silent.failure != nil })
        #expect(world.run(limit: .seconds(10)) { silent.failure != nil })
    }

    @Test func anAttemptThatIsGivenUpCallsNobodyAndLeavesNothing() throws {
        let host = world.addHost("host")
        let server = world.addHost("server")
        let echo = try EchoServer(on: server, port: 80)
        for wait in 0...40 {
            var called = false
            var attempts: [any LoopAttempt] = []
            host.loop.perform {
                attempts = [
                    host.loop.connect(to: echo.listener.address) { _ in called = true },
                    host.loop.resolve("server", port: 1) { _ in called = true },
                ]
            }
            world.run(for: .microseconds(wait))
            host.loop.perform { for attempt in attempts { attempt.cancel() } }
            let before = called
            world.runUntilIdle()
            #expect(called == before)
        }
        #expect(world.leftovers.count == 1, "\(world.leftovers)")
        #expect(echo.listener.connectionCount == 0)
    }

    @Test func aPortIsTakenUntilItsListenerIsClosed() throws {
        let host = world.addHost("host")
        let any = try #require(SocketAddress(bytes: [0, 0, 0, 0], port: 80))
        let listener = try host.listen(on: any, limit: 1) { $0.abort() }
        #expect(throws: NetworkError.self) {
            _ = try host.listen(on: host.address(port: 80), limit: 1) { $0.abort() }
        }
        let other = try #require(SocketAddress(bytes: [10, 200, 0, 1], port: 80))
        #expect(throws: NetworkError.self) {
            _ = try host.listen(on: other, limit: 1) { $0.abort() }
        }
        nonisolated(unsafe) var closed = false
        listener.close { closed = true }
        #expect(!closed)
        world.runUntilIdle()
        #expect(closed)
        let next = try host.listen(on: any, limit: 1) { $0.abort() }
        let free = try host.listen(on: host.address(port: 0), limit: 1) { $0.abort() }
        #expect(free.address.port != 0 && free.address.port != next.address.port)
    }

    @Test func connectionsBeyondTheLimitWaitAndLoseNothing() throws {
        let host = world.addHost("host")
        let server = world.addHost("server", loopCount: 3)
        let echo = try EchoServer(on: server, port: 80, limit: 2)
        var most = 0
        let clients = (0..<7).map { number in
            ScriptedPeer(
                on: host, to: echo.listener.address,
                script: [
                    .send([UInt8(number)]), .awaitCount(1), .wait(.milliseconds(5)), .close,
                ])
        }
        let ended = world.run(limit: .seconds(20)) {
            most = max(most, echo.listener.connectionCount)
            return clients.allSatisfy(\.isOver)
        }
        #expect(ended)
        #expect(most == 2)
        #expect(clients.map(\.received) == (0..<7).map { [UInt8($0)] })
        world.runUntilIdle()
        #expect(echo.listener.connectionCount == 0)
    }

    @Test func theSystemsResetTellsPeersOfACrashedHost() throws {
        for quietly in [false, true] {
            let world = SimulatedWorld(seed: 4)
            let host = world.addHost("host")
            let server = world.addHost("server")
            let echo = try EchoServer(on: server, port: 80)
            let peer = ScriptedPeer(on: host, to: echo.listener.address, script: [.send([1])])
            #expect(world.run { peer.received == [1] })
            server.crash(quietly: quietly)
            #expect(world.run(limit: .seconds(5)) { peer.isOver } == !quietly)
            if quietly {
                peer.add([.send([2])])
                #expect(world.run(limit: .seconds(1000)) { peer.isOver })
            }
            #expect(peer.closeReason == .reset)
            #expect(world.leftovers.isEmpty)
        }
    }

    @Test func workIsDoneInOrderOneByOneAndHangsWithItsWorker() {
        let host = world.addHost("host")
        let worker = SimulatedWorkerProbe(host)
        for number in 0..<5 { worker.submit(number) }
        worker.submit(9, after: .seconds(2))
        worker.submit(8, after: .seconds(1))
        world.run(for: .milliseconds(900))
        #expect(worker.done == [0, 1, 2, 3, 4])
        host.workers[0].hang()
        world.run(for: .seconds(10))
        #expect(worker.done.count == 5)
        world.calm()
        world.run(for: .seconds(1))
        #expect(worker.done == [0, 1, 2, 3, 4, 8, 9])
        host.workers[0].slowness = .seconds(3)
        worker.submit(10)
        worker.worker.stop()
        worker.submit(11)
        #expect(!world.leftovers.isEmpty)
        let before = world.now
        world.runUntilIdle()
        #expect(worker.done.last == 10)
        #expect(world.now - before >= .seconds(3))
        #expect(world.leftovers.isEmpty)
    }
}

/// A worker whose pieces note their number.
private final class SimulatedWorkerProbe: @unchecked Sendable {
    let worker: any Worker
    var done: [Int] = []

    init(_ host: SimulatedNetwork) { worker = host.makeWorker(named: "disk") }

    func submit(_ number: Int) { worker.submit { self.done.append(number) } }

    func submit(_ number: Int, after delay: Duration) {
        worker.submit(after: delay) { self.done.append(number) }
    }
}
