#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A member of `NO_PROXY`: hosts that are reached without a proxy.
struct ProxyException: Equatable, Sendable {
    private enum Hosts: Equatable, Sendable {
        case all
        /// A name, with all below it.
        case domain(String)
        /// Addresses whose first bits are these.
        case block([UInt8], bits: Int)
    }

    private var hosts: Hosts
    private var port: UInt16?

    /// Reads a member. What is no address is taken for a name, as everybody does.
    init(_ text: Substring) {
        if text == "*" {
            hosts = .all
            return
        }
        if let slash = text.firstIndex(of: "/"), let bits = Int(text[slash...].dropFirst()),
            let address = Self.address(String(text[..<slash])), 0...(8 * address.count) ~= bits
        {
            hosts = .block(address, bits: bits)
            return
        }
        var host = text.lowercased()
        if let address = Self.address(host) {
            hosts = .block(address, bits: 8 * address.count)
            return
        }
        if let parts = ProxyConfiguration.hostAndPort(text) { (host, port) = parts }
        if let address = Self.address(host) {
            hosts = .block(address, bits: 8 * address.count)
            return
        }
        if host.hasPrefix("*.") { host.removeFirst() }
        if host.hasPrefix(".") { host.removeFirst() }
        if host.hasSuffix(".") { host.removeLast() }
        hosts = .domain(host)
    }

    /// Whether an origin is among them.
    func covers(_ origin: Origin) -> Bool {
        if let port, port != origin.port { return false }
        var host = origin.host.lowercased()
        if host.hasSuffix(".") { host.removeLast() }
        switch hosts {
        case .all: return true
        case .domain(let name):
            return !name.isEmpty && (host == name || host.hasSuffix("." + name))
        case .block(let block, let bits):
            guard let address = Self.address(host), address.count == block.count else {
                return false
            }
            return (0..<bits).allSatisfy { bit in
                (address[bit / 8] ^ block[bit / 8]) & (0x80 >> UInt8(bit % 8)) == 0
            }
        }
    }

    /// The bytes of an address in text form; nil for a name.
    private static func address(_ text: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 { return Array(bytes[..<4]) }
        if inet_pton(AF_INET6, text, &bytes) == 1 { return bytes }
        return nil
    }
}
