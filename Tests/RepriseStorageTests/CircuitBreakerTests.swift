import Testing

@testable import RepriseStorage

struct CircuitBreakerTests {
    @Test func opensAfterFailuresInARow() {
        var breaker = CircuitBreaker(threshold: 3, initialBackOff: 1000, maximumBackOff: 4000)
        #expect(breaker.fail(now: 0) == nil)
        #expect(breaker.fail(now: 0) == nil)
        #expect(breaker.succeed() == nil)
        #expect(breaker.fail(now: 0) == nil)
        #expect(breaker.fail(now: 0) == nil)
        #expect(breaker.allows(now: 0) == true)
        #expect(breaker.fail(now: 10) == .opened(milliseconds: 1000))
        #expect(breaker.condition == .open)
        #expect(breaker.allows(now: 1009) == false)
    }

    @Test func oneProbeDecidesAfterTheBackOff() {
        var breaker = CircuitBreaker(threshold: 1, initialBackOff: 1000, maximumBackOff: 4000)
        #expect(breaker.fail(now: 0) == .opened(milliseconds: 1000))
        #expect(breaker.allows(now: 1000) == true)
        #expect(breaker.condition == .halfOpen)
        #expect(breaker.allows(now: 1000) == false)
        #expect(breaker.succeed() == .closed)
        #expect(breaker.allows(now: 1000) == true)
    }

    @Test func backOffDoublesToItsLimitAndStartsOver() {
        var breaker = CircuitBreaker(threshold: 1, initialBackOff: 1000, maximumBackOff: 4000)
        var now: Int64 = 0
        #expect(breaker.fail(now: now) == .opened(milliseconds: 1000))
        for expected: Int64 in [2000, 4000, 4000] {
            now += breaker.delay(now: now)
            #expect(breaker.allows(now: now) == true)
            #expect(breaker.fail(now: now) == .reopened(milliseconds: expected))
        }
        now += breaker.delay(now: now)
        #expect(breaker.allows(now: now) == true)
        #expect(breaker.succeed() == .closed)
        #expect(breaker.fail(now: now) == .opened(milliseconds: 1000))
    }

    @Test func lateFailuresDoNotProlongTheBackOff() {
        var breaker = CircuitBreaker(threshold: 1, initialBackOff: 1000, maximumBackOff: 4000)
        #expect(breaker.fail(now: 0) == .opened(milliseconds: 1000))
        #expect(breaker.fail(now: 900) == nil)
        #expect(breaker.allows(now: 1000) == true)
    }

    @Test func lateSuccessDoesNotCloseAnOpenBreaker() {
        var breaker = CircuitBreaker(threshold: 1, initialBackOff: 1000, maximumBackOff: 4000)
        #expect(breaker.fail(now: 0) == .opened(milliseconds: 1000))
        #expect(breaker.succeed() == nil)
        #expect(breaker.condition == .open)
    }

    @Test func abandonedProbeLeavesRoomForAnother() {
        var breaker = CircuitBreaker(threshold: 1, initialBackOff: 1000, maximumBackOff: 4000)
        #expect(breaker.fail(now: 0) == .opened(milliseconds: 1000))
        #expect(breaker.allows(now: 1000) == true)
        breaker.abandon(now: 1000)
        #expect(breaker.allows(now: 1000) == true)
    }

    @Test func clockThatStepsBackDoesNotKeepItOpen() {
        var breaker = CircuitBreaker(threshold: 1, initialBackOff: 1000, maximumBackOff: 4000)
        #expect(breaker.fail(now: 1_000_000) == .opened(milliseconds: 1000))
        #expect(breaker.allows(now: 0) == false)
        #expect(breaker.allows(now: 1000) == true)
    }
}
