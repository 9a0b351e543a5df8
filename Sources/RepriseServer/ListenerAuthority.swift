public import RepriseNetwork

/// The authorities (RFC 3986 §3.2) that a listener answers to in targets of absolute form.
///
/// This is no forward proxy: a request for another host, with that host's credential, must not be
/// answered by the default upstream.
public struct ListenerAuthority: Sendable {
    private let names: [[UInt8]]

    /// Makes the authorities of a listener: its address, and the names of the loopback.
    public init(_ address: SocketAddress) {
        let port = address.port
        names = ["\(address)", "localhost:\(port)", "127.0.0.1:\(port)", "[::1]:\(port)"].map {
            Array($0.utf8)
        }
    }

    /// The target in origin form (RFC 9112 §3.2.1) if it is in absolute form and names this listener;
    /// else the target as it is.
    func originForm(of target: [UInt8]) -> [UInt8] {
        guard target.first != UInt8(ascii: "/"),
            let start = Self.authorityStart(target, "http://")
                ?? Self.authorityStart(target, "https://")
        else { return target }
        let rest = target[start...]
        let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }
        let authority = rest[..<(end ?? rest.endIndex)].map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }
        guard names.contains(authority) else { return target }
        guard let end else { return [UInt8(ascii: "/")] }
        let path = Array(rest[end...])
        return path.first == UInt8(ascii: "/") ? path : [UInt8(ascii: "/")] + path
    }

    /// Where the authority of a target with this scheme begins.
    private static func authorityStart(_ target: [UInt8], _ scheme: String) -> Int? {
        let scheme = Array(scheme.utf8)
        guard target.count > scheme.count,
            zip(target, scheme).allSatisfy({ $0 == $1 || $0 | 0x20 == $1 && $1 >= 0x61 })
        else { return nil }
        return scheme.count
    }
}
