import RepriseNetwork
import Testing

struct SocketAddressTests {
    @Test(arguments: [
        "127.0.0.1:80", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:80", "[::]:0",
        "[2001:db8::8:800:200c:417a]:443", "[::ffff:1.2.3.4]:1", "[fe80::1%1]:8080",
    ])
    func textGoesThereAndBack(text: String) throws {
        let address = try #require(SocketAddress(text))
        #expect(address.description == text)
        #expect(address.isIPv6 == text.hasPrefix("["))
        #expect(SocketAddress(host: address.host, port: address.port) == address)
    }

    @Test(arguments: [
        "", ":", "127.0.0.1", "127.0.0.1:", ":80", "127.0.0.1:65536", "127.0.0.1:-1",
        "127.0.0.1:+1", "127.0.0.1: 1", "127.0.0.1:000080", "127.0.0.01:80", "127.1:80",
        "::1:80", "[127.0.0.1]:80", "[::1]", "[::1]80", "[]:80", "[::1:80", "::1]:80",
        "[fe80::1%]:80", "[fe80::1%0]:80", "localhost:80", "127.0.0.1:٨٠", "127.0.0.1\0:80",
        "[::1%nosuchdevice]:80",
    ])
    func whatIsNoAddressIsRefused(text: String) {
        #expect(SocketAddress(text) == nil)
    }

    @Test func anAddressHasFourOrSixteenBytes() {
        for count in 0..<20 {
            let address = SocketAddress(bytes: [UInt8](repeating: 1, count: count), port: 1)
            #expect((address != nil) == (count == 4 || count == 16))
        }
    }
}
