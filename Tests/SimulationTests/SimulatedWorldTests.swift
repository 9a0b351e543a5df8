import RepriseNetwork
import RepriseTesting
import Testing

struct SimulatedWorldTests {
    @Test func timersRunInTheOrderOfTheirTimeAndThenOfTheirMaking() {
        let world = SimulatedWorld(seed: 1)
        let loop = world.addHost("host").loop
        var order: [Int] = []
        loop.perform {
            for (number, delay) in [30, 10, 20, 10, 0, 30].enumerated() {
                _ = loop.schedule(after: .milliseconds(delay)) { order.append(number) }
            }
        }
        #expect(world.runUntilIdle())
        #expect(order == [4, 1, 3, 2, 0, 5])
        #expect(world.now == MonotonicTime(nanoseconds: 30_000_000))
    }

    @Test func aCancelledTimerNeverRunsAndLetsItsActionGo() {
        final class Owned {}
        let world = SimulatedWorld(seed: 1)
        let loop = world.addHost("host").loop
        var ran = 0
        weak var held: Owned?
        loop.perform {
            let owned = Owned()
            held = owned
            let timers = (0..<500).map { number in
                loop.schedule(after: .seconds(number % 7)) {
                    withExtendedLifetime(owned) { ran += 1 }
                }
            }
            for (number, timer) in timers.enumerated() where number % 5 != 0 { timer.cancel() }
        }
        #expect(held != nil)
        #expect(world.leftovers.count == 100)
        #expect(world.runUntilIdle())
        #expect(ran == 100)
        #expect(held == nil)
        #expect(world.leftovers.isEmpty)
    }

    @Test func theEndOfATurnComesBeforeAnyOtherTurn() {
        let world = SimulatedWorld(seed: 1)
        let loop = world.addHost("host").loop
        nonisolated(unsafe) var order: [String] = []
        loop.perform {
            loop.post { order.append("posted") }
            loop.afterThisTurn {
                order.append("end")
                loop.afterThisTurn { order.append("end of the end") }
            }
            order.append("turn")
        }
        world.runUntilIdle()
        #expect(order == ["turn", "end", "end of the end", "posted"])
    }

    @Test func postsOfOnePosterKeepTheirOrderWhateverTheirDelays() {
        var plan = FaultPlan()
        plan.postDelay = DelayRange(.zero, .milliseconds(10))
        let world = SimulatedWorld(seed: 5, faults: plan)
        let loop = world.addHost("host").loop
        nonisolated(unsafe) var order: [Int] = []
        for number in 0..<100 { loop.post { order.append(number) } }
        world.runUntilIdle()
        #expect(order == Array(0..<100))
    }

    @Test func aLoopIsCurrentInItsOwnTurnsOnly() {
        let world = SimulatedWorld(seed: 1)
        let host = world.addHost("host", loopCount: 2)
        let (one, other) = (host.simulatedLoops[0], host.simulatedLoops[1])
        #expect(!one.isCurrent)
        one.perform {
            #expect(one.isCurrent)
            #expect(!other.isCurrent)
        }
        let worker = host.makeWorker(named: "disk")
        nonisolated(unsafe) var worked = false
        worker.submit {
            #expect(!one.isCurrent && !other.isCurrent)
            worked = true
        }
        world.runUntilIdle()
        #expect(worked)
    }

    @Test func theTimeOfDayJumpsApartFromMonotonicTime() {
        let world = SimulatedWorld(seed: 1, wallClock: 5_000)
        let host = world.addHost("host")
        #expect(host.loop.wallClock == 5_000)
        world.run(for: .seconds(2))
        #expect(host.loop.wallClock == 7_000)
        host.jumpWallClock(by: .seconds(-6))
        #expect(host.loop.wallClock == 1_000)
        #expect(host.loop.now == MonotonicTime(nanoseconds: 2_000_000_000))
        host.setWallClock(90_000)
        world.run(for: .milliseconds(500))
        #expect(host.loop.wallClock == 90_500)
    }

    @Test func aLoopThatStandsStillDoesEverythingLaterInOrder() {
        let world = SimulatedWorld(seed: 1)
        let loop = world.addHost("host").loop
        var order: [(Int, Int64)] = []
        loop.perform {
            for number in 1...3 {
                _ = loop.schedule(after: .milliseconds(number)) {
                    order.append((number, loop.now.nanoseconds))
                }
            }
        }
        loop.stall(for: .milliseconds(50))
        world.runUntilIdle()
        #expect(order.map(\.0) == [1, 2, 3])
        #expect(order.allSatisfy { $0.1 == 50_000_000 })
    }

    @Test func aCrashedHostDoesNothingMoreAndItsNameIsFree() throws {
        let world = SimulatedWorld(seed: 1)
        let host = world.addHost("server")
        nonisolated(unsafe) var ran = false
        host.loop.perform { _ = host.loop.schedule(after: .seconds(1)) { ran = true } }
        host.makeWorker(named: "disk").submit { ran = true }
        _ = try host.listen(on: host.address(port: 80), limit: 9) { $0.abort() }
        host.crash()
        #expect(world.leftovers.isEmpty)
        let next = world.addHost("server", address: host.address)
        _ = try ScriptedServer(on: next, port: 80) { _ in [.close] }
        world.runUntilIdle()
        #expect(!ran)
    }
}
