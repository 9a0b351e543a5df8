import RepriseNetwork
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct WorkerTests {
    @Test func workRunsInItsOrderOnOneThread() async {
        let worker = SystemNetwork(loopCount: 1).makeWorker(named: "a worker with a long name")
        let seen = Promise<[Int]>()
        let order = Shared<[Int]>([])
        for number in 0..<5000 { worker.submit { order.withLock { $0.append(number) } } }
        worker.submit { seen.fulfil(order.withLock { $0 }) }
        #expect(await seen.value == Array(0..<5000))
        worker.stop()
    }

    @Test func laterWorkComesLaterAndInTheOrderOfItsTimes() async {
        let worker = SystemNetwork(loopCount: 1).makeWorker(named: "later")
        let seen = Promise<[Int]>()
        let order = Shared<[Int]>([])
        let clock = ContinuousClock()
        let begin = clock.now
        let early = Promise<Bool>()
        for (number, delay) in [(3, 30), (1, 10), (2, 20), (4, 30)] {
            worker.submit(after: .milliseconds(delay)) {
                if clock.now - begin < .milliseconds(delay) { early.fulfil(true) }
                let all = order.withLock {
                    $0.append(number)
                    return $0
                }
                if all.count == 5 { seen.fulfil(all) }
            }
        }
        worker.submit { order.withLock { $0.append(0) } }
        #expect(await seen.value == [0, 1, 2, 3, 4])
        #expect(early.current == nil)
        worker.stop()
    }

    @Test func aStopLetsEarlierWorkEndAndDropsLaterWork() async {
        final class Token: Sendable {}
        let worker = SystemNetwork(loopCount: 1).makeWorker(named: "stopped")
        let gate = Promise<Bool>()
        let isStopped = Shared(false)
        let first = Promise<Bool>()
        let second = Promise<Bool>()
        var token: Token? = Token()
        weak let seen = token
        worker.submit {
            while !isStopped.withLock({ $0 }) {}
            first.fulfil(true)
        }
        worker.submit { second.fulfil(true) }
        worker.submit(after: .seconds(3600)) { [token] in
            _ = token
            gate.fulfil(true)
        }
        token = nil
        worker.stop()
        #expect(seen == nil)
        worker.submit { gate.fulfil(true) }
        worker.submit(after: .zero) { gate.fulfil(true) }
        isStopped.withLock { $0 = true }
        #expect(await first.value)
        #expect(await second.value)
        #expect(gate.current == nil)
    }
}
