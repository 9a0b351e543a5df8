import RepriseCore
import Testing

struct FreshnessTests {
    private static let storedAt: Int64 = 1_700_000_000_000

    @Test(
        arguments: [
            // A lifetime of 100 s, at several ages in milliseconds.
            (100, 0, Directives(), .fresh(ttl: 100)),
            (100, 1, Directives(), .fresh(ttl: 99)),
            (100, 99_999, Directives(), .fresh(ttl: 0)),
            (100, 100_000, Directives(), .unusable(.stale)),
            (100, -5_000, Directives(), .fresh(ttl: 100)),
            (0, 0, Directives(), .unusable(.stale)),
            (nil, 900_000_000, Directives(), .fresh(ttl: nil)),
            // max-age bounds the age.
            (100, 10_000, Directives(maxAge: 10), .fresh(ttl: 90)),
            (100, 10_001, Directives(maxAge: 10), .unusable(.request)),
            (nil, 10_001, Directives(maxAge: 10), .unusable(.request)),
            (nil, 0, Directives(maxAge: 0), .unusable(.request)),
            // min-fresh asks for freshness to come.
            (100, 40_000, Directives(minFresh: 60), .fresh(ttl: 60)),
            (100, 40_001, Directives(minFresh: 60), .unusable(.request)),
            (nil, 40_001, Directives(minFresh: 60), .fresh(ttl: nil)),
            // max-stale accepts staleness.
            (100, 100_000, Directives(maxStale: .any), .stale(ttl: -1)),
            (100, 512_000, Directives(maxStale: .any), .stale(ttl: -412)),
            (100, 130_000, Directives(maxStale: .seconds(30)), .stale(ttl: -30)),
            (100, 130_001, Directives(maxStale: .seconds(30)), .unusable(.stale)),
            (100, 50_000, Directives(maxStale: .seconds(30)), .fresh(ttl: 50)),
            (100, 130_000, Directives(maxAge: 120, maxStale: .any), .unusable(.request)),
            // Numbers from a damaged entry.
            (.max, 0, Directives(), .fresh(ttl: Int64.max / 4 / 1000)),
            (.min, 0, Directives(), .unusable(.stale)),
        ] as [(Int64?, Int64, Directives, Freshness.Verdict)])
    func verdictFollowsAge(
        ttl: Int64?, age: Int64, directives: Directives, expected: Freshness.Verdict
    ) {
        #expect(
            Freshness.judge(
                storedAt: Self.storedAt, ttl: ttl, directives: directives,
                now: Self.storedAt + age) == expected)
    }

    @Test(
        arguments: [
            (100, 512_000, Directives(staleIfError: 600), -412),
            (100, 700_000, Directives(staleIfError: 600), -600),
            (100, 700_001, Directives(staleIfError: 600), nil),
            (100, 512_000, Directives(), nil),
            (100, 512_000, Directives(noCache: true, staleIfError: 600), nil),
            (100, 512_000, Directives(refresh: false, noCache: true, staleIfError: 600), -412),
            (100, 512_000, Directives(ttl: 0, staleIfError: 600), nil),
            // Past the request's max-age, which is shorter than the entry's lifetime.
            (nil, 100_000, Directives(maxAge: 60, staleIfError: 600), -40),
            (100, 70_000, Directives(minFresh: 60, staleIfError: 600), 30),
        ] as [(Int64?, Int64, Directives, Int64?)])
    func staleIfErrorFollowsAge(
        ttl: Int64?, age: Int64, directives: Directives, expected: Int64?
    ) {
        #expect(
            Freshness.allowsStaleIfError(
                storedAt: Self.storedAt, ttl: ttl, directives: directives,
                now: Self.storedAt + age) == expected)
    }

    @Test(
        arguments: [
            (0, 0), (999, 0), (1000, 1), (86_400_000, 86_400), (-1, 0), (-9_000_000, 0),
        ] as [(Int64, Int64)])
    func ageIsInWholeSecondsAndNeverNegative(elapsed: Int64, expected: Int64) {
        #expect(Freshness.age(storedAt: Self.storedAt, now: Self.storedAt + elapsed) == expected)
    }

    @Test(arguments: [Int64.min, -1, 0, 1, .max], [Int64.min, -1, 0, 1, .max])
    func noStoredNumberTraps(storedAt: Int64, now: Int64) {
        let directives = Directives(
            maxAge: .max, minFresh: .max, maxStale: .seconds(.max), staleIfError: .max)
        for ttl in [nil, Int64.min, -1, 0, 1, .max] {
            _ = Freshness.judge(storedAt: storedAt, ttl: ttl, directives: directives, now: now)
            _ = Freshness.allowsStaleIfError(
                storedAt: storedAt, ttl: ttl, directives: directives, now: now)
            #expect((Freshness.retainedUntil(storedAt: storedAt, ttl: ttl) == nil) == (ttl == nil))
        }
        #expect(Freshness.age(storedAt: storedAt, now: now) >= 0)
    }

    @Test func expiredResponsesAreKeptForADay() {
        #expect(Freshness.retainedUntil(storedAt: 1000, ttl: 60) == 86_461_000)
        #expect(Freshness.retainedUntil(storedAt: 1000, ttl: nil) == nil)
    }

    @Test(arguments: [200, 400, 429, 500, 501, 502, 503, 504, 505] as [Int32])
    func serverErrorsAreThoseOfTheRFC(status: Int32) {
        #expect(Freshness.isServerError(status: status) == [500, 502, 503, 504].contains(status))
    }
}
