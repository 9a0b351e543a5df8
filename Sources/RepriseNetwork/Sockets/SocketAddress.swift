/// An IP address with a port.
public struct SocketAddress: Hashable, Sendable {
    /// The address: 4 bytes (IPv4) or 16 (IPv6), in network order.
    public let bytes: [UInt8]
    /// The scope of a link-local IPv6 address; 0 for none.
    public let scope: UInt32
    /// The port.
    public var port: UInt16

    /// Makes an address.
    ///
    /// - Parameter bytes: 4 or 16 of them, in network order; nil is returned for any other number.
    public init?(bytes: [UInt8], port: UInt16, scope: UInt32 = 0) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
        self.port = port
        self.scope = scope
    }

    /// Whether it is an IPv6 address.
    public var isIPv6: Bool { bytes.count == 16 }
}
