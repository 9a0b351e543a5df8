internal import CLibuv

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

extension SocketAddress: CustomStringConvertible {
    /// Parses an address with a port, such as `127.0.0.1:80`, `[::1]:80` or `[fe80::1%eth0]:80`.
    ///
    /// - Parameter text: The address; nothing else may stand around it.
    public init?(_ text: String) {
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { return nil }
        let digits = text.utf8[text.utf8.index(after: colon)...]
        guard digits.count <= 5, !digits.isEmpty,
            digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
            let port = UInt16(Substring(digits))
        else { return nil }
        var host = text[..<colon]
        let isBracketed = host.utf8.first == UInt8(ascii: "[")
        if isBracketed {
            guard host.utf8.last == UInt8(ascii: "]"), host.utf8.count > 2 else { return nil }
            host = host.dropFirst().dropLast()
        }
        self.init(host: String(host), port: port)
        guard isIPv6 == isBracketed else { return nil }
    }

    /// Parses an address without a port, such as `127.0.0.1` or `::1`.
    ///
    /// - Parameters:
    ///   - host: IPv4 in four decimal parts, or IPv6 without brackets, with a scope if need be.
    ///   - port: The port to go with it.
    public init?(host: String, port: UInt16) {
        guard !host.utf8.isEmpty, host.utf8.count <= 64, !host.utf8.contains(0) else { return nil }
        var four = in_addr()
        if inet_pton(AF_INET, host, &four) == 1 {
            self.init(bytes: withUnsafeBytes(of: four) { [UInt8]($0) }, port: port)
            return
        }
        let parts = host.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        var scope: UInt32 = 0
        if parts.count == 2 {
            scope = UInt32(parts[1]) ?? if_nametoindex(String(parts[1]))
            guard scope != 0 else { return nil }
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, String(parts[0]), &six) == 1 else { return nil }
        self.init(bytes: withUnsafeBytes(of: six) { [UInt8]($0) }, port: port, scope: scope)
    }

    /// The address without its port and without brackets.
    public var host: String {
        let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            bytes.withUnsafeBytes { raw in
                guard let base = buffer.baseAddress,
                    inet_ntop(
                        isIPv6 ? AF_INET6 : AF_INET, raw.baseAddress, base,
                        socklen_t(buffer.count)) != nil
                else { return "" }
                return String(cString: base)
            }
        }
        return scope == 0 ? text : "\(text)%\(scope)"
    }

    /// The address as it stands in a URL: `127.0.0.1:80`, `[::1]:80`.
    public var description: String { isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
