/// What `reprise simulate` is told.
struct SimulateOptions: Equatable {
    /// The port to listen on, at ``host``; 0 picks a free one.
    var port: UInt16 = 8790
    /// Files of recorded traffic to answer from; none: made-up answers.
    var recordings: [String] = []

    /// The only address of the simulator: it answers anyone, so no other machine may reach it.
    static let host = "127.0.0.1"

    /// Its flags.
    static let flags = [
        Flag(
            "listen", .address,
            "Where to listen: \(host):PORT; port 0 picks a free one. "
                + "(default: \(host):\(Self().port))"),
        Flag(
            "recordings", .file,
            "A file of recorded requests and responses to answer from, one JSON object a line; "
                + "may be given again. A request that is not recorded gets a 404."),
    ]

    init() {}

    /// Reads the values of flags.
    init(_ values: [String: [String]]) throws(UsageError) {
        recordings = values["recordings"] ?? []
        guard let listen = values["listen"]?.last else { return }
        let digits = listen.dropFirst(Self.host.count + 1)
        guard listen.hasPrefix("\(Self.host):"), digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }),
            let port = UInt16(digits)
        else {
            throw UsageError(
                "--listen: \(QuotedValue(listen)) is not an address of the simulator; "
                    + "write \(Self.host):\(port)")
        }
        self.port = port
    }
}
