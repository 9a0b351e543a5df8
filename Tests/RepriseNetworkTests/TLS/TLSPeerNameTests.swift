import Testing

@testable import RepriseNetwork

struct TLSPeerNameTests {
    @Test(arguments: [
        ("api.openai.com", TLSPeerName.name("api.openai.com")),
        ("api.openai.com.", .name("api.openai.com")),
        ("LOCALHOST", .name("LOCALHOST")),
        ("127.0.0.1", .address("127.0.0.1")),
        ("::1", .address("::1")),
        ("[::1]", .address("::1")),
        ("[fe80::1%eth0]", .address("fe80::1")),
        ("1.2.3", .name("1.2.3")),
    ])
    func aHostIsANameOrAnAddress(_ host: String, _ name: TLSPeerName) {
        #expect(TLSPeerName(host: host) == name)
    }

    @Test(arguments: [
        "", ".", ".example.com", "a\0b", "*.example.com", "a b", "é.example",
        String(repeating: "a", count: 256),
    ])
    func whatIsNeitherIsRefused(_ host: String) {
        #expect(TLSPeerName(host: host) == nil)
    }
}
