/// A socket address without an allocation, for objects of which there are many.
struct PackedAddress {
    private let high: UInt64
    private let low: UInt64
    private let scope: UInt32
    private let port: UInt16
    private let isIPv6: Bool

    /// Packs an address.
    init(_ address: SocketAddress) {
        var parts: (UInt64, UInt64) = (0, 0)
        withUnsafeMutableBytes(of: &parts) { $0.copyBytes(from: address.bytes) }
        (high, low) = parts
        scope = address.scope
        port = address.port
        isIPv6 = address.isIPv6
    }

    /// The address that was packed.
    var address: SocketAddress {
        let bytes = withUnsafeBytes(of: (high, low)) { [UInt8]($0.prefix(isIPv6 ? 16 : 4)) }
        return SocketAddress(bytes: bytes, port: port, scope: scope) ?? .unspecified
    }
}
