/// The host that a server's certificate must be for.
enum TLSPeerName: Equatable, Sendable {
    /// A name; it is also told to the server (SNI, RFC 6066 §3).
    case name(String)
    /// An IP address in text form, which SNI does not allow.
    case address(String)

    /// The host of a URL: a name, or an address, with or without brackets and scope.
    ///
    /// - Returns: Nil for what can be neither, also for names that begin with a dot, which OpenSSL
    ///   would match with any host below.
    init?(host: String) {
        var text = Substring(host)
        if text.hasPrefix("[") && text.hasSuffix("]") { text = text.dropFirst().dropLast() }
        if text.utf8.contains(0) { return nil }
        let address = String(text.prefix { $0 != "%" })
        if SocketAddress(host: address, port: 0) != nil {
            self = .address(address)
            return
        }
        if text.hasSuffix(".") { text = text.dropLast() }
        guard !text.isEmpty, text.utf8.count <= 255, !text.hasPrefix(".") else { return nil }
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "*") }
        guard isPlain else { return nil }
        self = .name(String(text))
    }
}
