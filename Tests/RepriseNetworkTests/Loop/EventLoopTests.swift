import RepriseNetwork
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct EventLoopTests {
    @Test func timersRunInTheOrderOfTheirTimes() async throws {
        try await withNetwork { network in
            let loop = network.loops[0]
            let order = Promise<[Int]>()
            loop.post {
                let seen = Shared<[Int]>([])
                for (number, delay) in [(3, 12), (1, 3), (2, 6), (0, 0), (4, 12), (5, 20)] {
                    _ = loop.schedule(after: .milliseconds(delay)) {
                        let all = seen.withLock {
                            $0.append(number)
                            return $0
                        }
                        if all.count == 6 { order.fulfil(all) }
                    }
                }
            }
            #expect(await order.value == [0, 1, 2, 3, 4, 5])
        }
    }

    @Test func aTimerDoesNotRunEarly() async throws {
        try await withNetwork { network in
            let loop = network.loops[0]
            for delay in [0, 1, 1500, 2700, 9999] {
                let wait = Promise<Duration>()
                loop.post {
                    let begin = loop.now
                    _ = loop.schedule(after: .microseconds(delay)) {
                        wait.fulfil(loop.now - begin)
                    }
                }
                #expect(await wait.value >= .microseconds(delay))
            }
        }
    }

    @Test func aCancelledTimerNeitherRunsNorKeepsItsClosure() async throws {
        final class Token: Sendable {}
        try await withNetwork { network in
            let loop = network.loops[0]
            let ran = Shared<[String]>([])
            let done = Promise<Bool>()
            loop.post {
                var token: Token? = Token()
                weak let seen = token
                let first = loop.schedule(after: .milliseconds(5)) { [token] in
                    _ = token
                    ran.withLock { $0.append("cancelled") }
                }
                token = nil
                #expect(seen != nil)
                first.cancel()
                #expect(seen == nil)
                first.cancel()
                // One that cancels another which is due in the same pass, and itself.
                let box = Shared<[LoopBound<any LoopTimer>]>([])
                let one = loop.schedule(after: .milliseconds(3)) {
                    ran.withLock { $0.append("one") }
                    for timer in box.withLock({ $0 }) { timer.value.cancel() }
                }
                let other = loop.schedule(after: .milliseconds(3)) {
                    ran.withLock { $0.append("other") }
                }
                box.withLock { $0 = [LoopBound(one, on: loop), LoopBound(other, on: loop)] }
                _ = loop.schedule(after: .milliseconds(20)) { done.fulfil(true) }
            }
            _ = await done.value
            #expect(ran.withLock { $0 } == ["one"])
        }
    }

    @Test func manyTimersAreCancelledAndRunInOrder() async throws {
        try await withNetwork { network in
            let loop = network.loops[0]
            let result = Promise<([Int], [Int])>()
            loop.post {
                var generator = LinearGenerator(state: 42)
                let ran = Shared<[Int]>([])
                var expected: [(Int, Int)] = []
                var cancelled: [any LoopTimer] = []
                for number in 0..<2000 {
                    let delay = Int(generator.next() % 30)
                    let timer = loop.schedule(after: .milliseconds(delay)) {
                        ran.withLock { $0.append(number) }
                    }
                    if generator.next() % 3 == 0 {
                        cancelled.append(timer)
                    } else {
                        expected.append((delay, number))
                    }
                }
                for timer in cancelled { timer.cancel() }
                // Stable by the order of making: all were made in one turn, so `now` was one.
                let order = expected.sorted { $0 < $1 }.map(\.1)
                _ = loop.schedule(after: .milliseconds(31)) {
                    result.fulfil((ran.withLock { $0 }, order))
                }
            }
            let (ran, order) = await result.value
            #expect(ran == order)
        }
    }

    @Test func aTimerThatSetsItselfAgainLetsTheNetworkWork() async throws {
        try await withNetwork { network in
            let loop = network.loops[0]
            let isDone = Flag()
            loop.post { spin(loop, isDone) }
            let (client, server, _) = try await network.pair()
            await client.on { $0.write(text: "through") }
            #expect(await server.wait { $0.count == 7 }.text == "through")
            isDone.set()
        }
    }

    @Test func postsOfEachThreadComeInOrder() async throws {
        try await withNetwork { network in
            let loop = network.loops[0]
            let seen = Shared<[[Int]]>(Array(repeating: [], count: 8))
            await withTaskGroup(of: Void.self) { group in
                for poster in 0..<8 {
                    group.addTask {
                        for number in 0..<2000 {
                            loop.post {
                                #expect(loop.isCurrent)
                                seen.withLock { $0[poster].append(number) }
                            }
                        }
                        await loop.run {}
                    }
                }
            }
            #expect(seen.withLock { $0 } == Array(repeating: Array(0..<2000), count: 8))
            #expect(!loop.isCurrent)
        }
    }

    @Test func postsAndTimersOfALoopThatHasStoppedAreDropped() async throws {
        final class Token: Sendable {}
        let network = SystemNetwork(loopCount: 2)
        var token: Token? = Token()
        weak let seen = token
        try network.start()
        let loop = network.loops[1]
        await loop.run { [token] in
            _ = loop.schedule(after: .seconds(3600)) { _ = token }
        }
        network.stop()
        loop.post { [token] in
            _ = token
            Issue.record("ran on a loop that has stopped")
        }
        token = nil
        #expect(seen == nil)
        network.stop()
    }

    @Test func whatWasPostedBeforeTheStartRunsAfterIt() async throws {
        let network = SystemNetwork(loopCount: 1)
        let ran = Promise<Bool>()
        network.loops[0].post { ran.fulfil(true) }
        try network.start()
        #expect(await ran.value)
        network.stop()
    }

    @Test func stoppingClosesWhatIsOpen() async throws {
        let network = SystemNetwork(loopCount: 2)
        try network.start()
        let (client, server, _) = try await network.pair()
        await client.on { $0.write(keeping: [UInt8](repeating: 1, count: 20 << 20)) }
        let loop = network.loops[0]
        await loop.run {
            _ = loop.resolve("localhost", port: 1) { _ in }
            _ = loop.connect(to: server.stream.peerAddress) { _ in }
        }
        network.stop()
        #expect(client.seen.closed != nil)
        #expect(server.seen.closed != nil)
    }

    @Test func theTimeStandsStillInATurn() async throws {
        try await withNetwork { network in
            let loop = network.loops[0]
            let times = await loop.run {
                let first = loop.now
                var sum: UInt64 = 0
                for _ in 0..<1000 { sum &+= loop.randomNumber() }
                return (first, loop.now, sum)
            }
            #expect(times.0 == times.1)
            let later = await loop.run { loop.now }
            #expect(later > times.0)
            #expect(loop.wallClock > 1_600_000_000_000)
        }
    }
}

/// Sets a timer of no time again and again.
private func spin(_ loop: any EventLoop, _ isDone: Flag) {
    guard !isDone.isSet else { return }
    _ = loop.schedule(after: .zero) { spin(loop, isDone) }
}

/// A small seeded generator.
struct LinearGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }
}
