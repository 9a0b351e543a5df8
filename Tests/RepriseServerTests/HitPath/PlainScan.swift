@testable import RepriseServer

/// What ``PlainRequest/scan(_:keyed:)`` makes of some bytes.
struct PlainScan: Equatable {
    /// The outcome.
    let outcome: PlainRequest.Outcome
    /// The keyed bytes.
    let keyed: [UInt8]

    /// Scans.
    init(_ bytes: [UInt8]) {
        var keyed: [UInt8] = []
        outcome = PlainRequest.scan(bytes.span, keyed: &keyed)
        self.keyed = keyed
    }

    /// Scans a request's text.
    init(_ text: RequestText) {
        self.init(text.bytes)
    }

    /// The request, if its head is there.
    var request: PlainRequest? {
        if case .head(let request) = outcome { request } else { nil }
    }
}
