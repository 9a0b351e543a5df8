import RepriseStorage
import Testing

/// The URLs of Redis servers and clusters.
struct RedisAddressTests {
    @Test func shortestURLNamesAHost() throws {
        let address = try RedisAddress(parsing: "redis://cache.example")
        #expect(address == RedisAddress(host: "cache.example"))
        #expect(address.endpoints == [RedisEndpoint(host: "cache.example", port: 6379)])
        #expect(!address.isCluster && !address.usesTLS && address.database == 0)
        #expect(address.user == nil && address.password == nil && address.authorities == nil)
    }

    @Test(arguments: [
        ("redis://h:1", "h", 1),
        ("redis://h:65535/", "h", 65535),
        ("REDIS://10.0.0.1:7000", "10.0.0.1", 7000),
        ("redis://[::1]", "::1", 6379),
        ("rediss://[2001:db8::7]:7000/3", "2001:db8::7", 7000),
        ("redis://u:p@my_host-1.local:9", "my_host-1.local", 9),
    ])
    func hostAndPortAreRead(url: String, host: String, port: Int) throws {
        let address = try RedisAddress(parsing: url)
        #expect(address.endpoints == [RedisEndpoint(host: host, port: port)])
    }

    @Test(arguments: [
        ("redis://ada:secret@h", "ada", "secret"),
        ("redis://:secret@h", nil, "secret"),
        ("redis://a%40b:p%3A%2F%3f%23%25@h", "a@b", "p:/?#%"),
        ("redis://ada:a:b@h", "ada", "a:b"),
        ("redis://ada:p@ss@h", "ada", "p@ss"),
        ("redis://%C3%A9:%E2%82%AC@h", "é", "€"),
    ])
    func credentialsAreDecoded(url: String, user: String?, password: String) throws {
        let address = try RedisAddress(parsing: url)
        #expect(address.user == user)
        #expect(address.password == password)
    }

    @Test func restIsRead() throws {
        #expect(try RedisAddress(parsing: "redis://h/15").database == 15)
        let secure = try RedisAddress(parsing: "rediss://h/2?cacert=/etc/my%20ca.pem")
        #expect(secure.usesTLS && secure.database == 2)
        #expect(secure.authorities == "/etc/my ca.pem")
        let cluster = try RedisAddress(parsing: "redis-cluster://:p@a:1,b,[::1]:3")
        #expect(cluster.isCluster && !cluster.usesTLS && cluster.password == "p")
        #expect(cluster.endpoints.map(\.description) == ["a:1", "b:6379", "[::1]:3"])
        #expect(try RedisAddress(parsing: "rediss-cluster://a/0").usesTLS)
    }

    @Test func descriptionHasNoSecrets() throws {
        let address = try RedisAddress(parsing: "rediss-cluster://ada:secret@a:1,[::1]")
        #expect(address.description == "rediss-cluster://a:1,[::1]:6379")
        #expect(try RedisAddress(parsing: "redis://h/3").description == "redis://h:6379/3")
        var dumped = ""
        dump(address, to: &dumped)
        dump([address], to: &dumped)
        dumped += String(reflecting: address) + "\([address])"
        #expect(!dumped.contains("secret") && !dumped.contains("ada"))
    }

    @Test(arguments: [
        ("redis:", "//"),
        ("redis:h", "//"),
        ("redis://", "host"),
        ("redis://u:secret@", "host"),
        ("redis://:6379", "host"),
        ("redis://secret@h", ":PASSWORD@"),
        ("redis://ada:@h", "password"),
        ("redis://:@h", "password"),
        ("redis://u:%secret@h", "%"),
        ("redis://u:%f@h", "%"),
        ("redis://u:%ff@h", "%"),
        ("redis://u:%00secret@h", "%"),
        ("redis://u:sec#ret@h", "%23"),
        ("redis://u:sec/ret@h", "port"),
        ("redis://u:sec?ret@h", "port"),
        ("redis://h:0", "port"),
        ("redis://h:65536", "port"),
        ("redis://h:", "port"),
        ("redis://h:-1", "port"),
        ("redis://h:99999999999999999999", "port"),
        ("redis://h:1:2", "port"),
        ("redis://[::1", "]"),
        ("redis://[::1]x", "]"),
        ("redis://[]", "host"),
        ("redis://::1", "host"),
        ("redis://ho st", "host"),
        ("redis://hé", "host"),
        ("redis://h/x", "database"),
        ("redis://h/-1", "database"),
        ("redis://h/1/2", "database"),
        ("redis://h/99999999999", "database"),
        ("redis://a,b", "redis-cluster:"),
        ("redis-cluster://a,,b", "host"),
        ("redis-cluster://a/1", "database"),
        ("redis://h?cacert=/x", "rediss:"),
        ("rediss://h?cacert=", "cacert"),
        ("rediss://h?tls=true", "cacert"),
        ("rediss://h?cacert=a&b=c", "cacert"),
    ])
    func anythingElseIsRefusedWithAHint(url: String, hint: String) {
        let error = #expect(throws: InvalidRedisAddress.self) { try RedisAddress(parsing: url) }
        let text = error?.description ?? ""
        #expect(text.contains(hint) && text.contains("; write redis"))
        #expect(!text.contains("sec") && !text.contains("ret@") && !text.contains("\n"))
    }

    @Test func serversOfAClusterAreBounded() {
        let hosts = (0..<65).map { "h\($0)" }.joined(separator: ",")
        #expect(throws: InvalidRedisAddress.self) {
            try RedisAddress(parsing: "redis-cluster://\(hosts)")
        }
    }
}
