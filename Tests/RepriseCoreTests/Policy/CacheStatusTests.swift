import RepriseCore
import Testing

struct CacheStatusTests {
    @Test(
        arguments: [
            (.hit(ttl: 86399), "reprise; hit; ttl=86399"),
            (.hit(ttl: nil), "reprise; hit"),
            (
                .hit(ttl: -412, detail: .staleIfError),
                "reprise; hit; ttl=-412; detail=stale-if-error"
            ),
            (.forward(.uriMiss, stored: true), "reprise; fwd=uri-miss; stored"),
            (.forward(.uriMiss, collapsed: true), "reprise; fwd=uri-miss; collapsed"),
            (
                .forward(.uriMiss, stored: true, collapsed: true),
                "reprise; fwd=uri-miss; stored; collapsed"
            ),
            (
                .forward(.request, stored: true, detail: .refresh),
                "reprise; fwd=request; stored; detail=refresh"
            ),
            (.forward(.stale, detail: .rejection(.status)), "reprise; fwd=stale; detail=status"),
            (.bypass(.background), "reprise; fwd=bypass; detail=background"),
            (.bypass(.ttlZero), "reprise; fwd=bypass; detail=ttl-zero"),
            (.bypass(.method), "reprise; fwd=method"),
            (.generated(.onlyIfCached), "reprise; detail=only-if-cached"),
        ] as [(CacheStatus, String)])
    func memberIsWritten(status: CacheStatus, expected: String) {
        #expect(status.bytes.readable == expected)
    }

    @Test func memberStandsAfterThoseOfTheUpstream() {
        let upstream = [
            HeaderField("cache-status", "origin; hit"), HeaderField("age", "1"),
            HeaderField("Cache-Status", ""), HeaderField("Cache-Status", "edge; fwd=miss"),
        ]
        #expect(
            CacheStatus.hit(ttl: 5).value(after: upstream).readable
                == "origin; hit, edge; fwd=miss, reprise; hit; ttl=5")
        #expect(CacheStatus.hit(ttl: 5).value(after: []).readable == "reprise; hit; ttl=5")
    }

    @Test func everyReasonHasItsOwnToken() {
        func isToken(_ detail: String) -> Bool {
            !detail.isEmpty && detail.utf8.allSatisfy { 0x61...0x7A ~= $0 || $0 == 0x2D }
        }
        let bypasses = BypassReason.allCases.map(\.detail.readable)
        #expect(Set(bypasses).count == bypasses.count)
        let rejections = StoreRejection.allCases.map(\.detail.readable)
        #expect(Set(rejections).count == rejections.count)
        let forwards = ForwardReason.allCases.map(\.token.readable)
        #expect(Set(forwards).count == forwards.count)
        #expect((bypasses + rejections + forwards).allSatisfy(isToken))
    }
}
