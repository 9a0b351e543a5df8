import Testing

@testable import RepriseNetwork

/// Calls through a proxy.
struct ProxyTests {
    private let secure = Origin(isSecure: true, host: "api.test", port: 443)

    private func client(_ url: String = "http://user:pa%3Ass@proxy.test:3128") throws
        -> PlayedClient
    {
        let proxies = try ProxyConfiguration(http: url, https: url, exceptions: nil)
        let played = try PlayedClient { $0.proxies = proxies }
        played.loop.names = ["proxy.test": .success([try PlayedClient.address(9)])]
        return played
    }

    private static let connect =
        "CONNECT api.test:443 HTTP/1.1\r\nhost: api.test:443\r\n"
        + "proxy-authorization: Basic dXNlcjpwYTpzcw==\r\n\r\n"

    /// The proxy's secret goes to the proxy, and nowhere else; the client's goes to the origin.
    @Test func secureOriginIsReachedThroughATunnel() throws {
        let played = try client()
        let fields = [(name: Array("authorization".utf8), value: Array("Bearer x".utf8))]
        let call = played.send("GET", fields: fields, to: secure)
        #expect(played.loop.attempts.map(\.address) == [try PlayedClient.address(9, port: 3128)])
        let stream = played.streams[0]
        #expect(stream.text == Self.connect)
        stream.send("HTTP/1.1 200 Connection established\r\ncontent-length: 5\r\n\r\n")
        #expect(stream.text == Self.connect + "<hello api.test>")
        stream.send("y")
        #expect(
            stream.text == Self.connect + "<hello api.test>"
                + "GET / HTTP/1.1\r\nhost: api.test\r\nauthorization: Bearer x\r\n\r\n")
        stream.send(
            "HTTP/1.1 407 From the origin\r\nproxy-authenticate: Basic\r\ncontent-length: 0\r\n\r\n"
        )
        #expect(call.head?.status == 407)
        #expect(call.outcome == .ended(.framed))
        played.send("GET", "/again", to: secure)
        #expect(played.streams.count == 1)
        #expect(stream.text.hasSuffix("GET /again HTTP/1.1\r\nhost: api.test\r\n\r\n"))
    }

    @Test(arguments: [407, 403, 502, 301])
    func proxyThatRefusesIsNamed(status: Int) throws {
        let played = try client()
        let call = played.send(to: secure)
        played.streams[0].send("HTTP/1.1 \(status) No\r\ncontent-length: 2\r\n\r\nno")
        #expect(
            call.outcome
                == .failed(
                    .unreachable(host: "proxy.test", port: 3128, .proxyRefused(status: status))))
        #expect(played.streams[0].closing == .aborted)
    }

    @Test(arguments: ["SSH-2.0\r\n", "HTTP/1.1 200 OK\r\n\r\nx", "HTTP/1.1 101 Switch\r\n\r\n"])
    func proxyThatDoesNotMakeATunnelFailsTheCall(answer: String) throws {
        let played = try client()
        let call = played.send(to: secure)
        played.streams[0].send(answer)
        guard case .failed(.unreachable) = call.outcome else {
            Issue.record("\(String(describing: call.outcome))")
            return
        }
        #expect(played.streams[0].closing == .aborted)
    }

    @Test func proxyThatClosesFailsTheCall() throws {
        let played = try client()
        for isReset in [true, false] {
            let call = played.send(to: secure)
            let stream = try #require(played.streams.last)
            if isReset { stream.breakOff() } else { stream.end() }
            #expect(
                call.outcome
                    == .failed(
                        .unreachable(
                            host: "proxy.test", port: 3128,
                            .system(code: 0, reason: "the proxy closed the connection"))))
        }
    }

    @Test func tunnelIsUnderTheDeadlineToo() throws {
        let played = try client()
        let call = played.send(to: secure)
        played.loop.advance(by: .seconds(5))
        #expect(call.outcome == .failed(.timedOut(.connect)))
        #expect(played.streams[0].closing == .aborted)
    }

    @Test func originInClearTextIsAskedForInAbsoluteForm() throws {
        let played = try client()
        played.send("GET", "/a?b")
        #expect(
            played.streams[0].text
                == "GET http://api.test/a?b HTTP/1.1\r\nhost: api.test\r\n"
                + "proxy-authorization: Basic dXNlcjpwYTpzcw==\r\n\r\n")
        played.streams[0].send(PlayedClient.ok)
        // The connection is the proxy's, and good for any origin in clear text.
        played.send("GET", "/", to: Origin(isSecure: false, host: "other.test", port: 81))
        #expect(played.streams.count == 1)
        #expect(played.streams[0].text.contains("GET http://other.test:81/ HTTP/1.1\r\n"))
    }

    @Test func proxyMayBeReachedOverTLS() throws {
        let played = try client("https://proxy.test")
        played.send("GET", to: secure)
        let stream = played.streams[0]
        #expect(stream.text == "<hello proxy.test>")
        stream.send("y")
        stream.send("HTTP/1.1 200 OK\r\n\r\n")
        stream.send("y")
        #expect(
            stream.text
                == "<hello proxy.test>CONNECT api.test:443 HTTP/1.1\r\nhost: api.test:443\r\n\r\n"
                + "<hello api.test>GET / HTTP/1.1\r\nhost: api.test\r\n\r\n")
    }

    // MARK: Settings

    @Test(
        arguments: [
            ("http://p:1", "p", 1, false, nil), ("p:1", "p", 1, false, nil),
            ("p", "p", 80, false, nil),
            ("HTTPS://P/", "p", 443, true, nil), ("http://[::1]:2", "::1", 2, false, nil),
            ("http://a:b@p", "p", 80, false, "Basic YTpi"), ("a@p:3", "p", 3, false, "Basic YTo="),
            ("http://a:b@c@p", "p", 80, false, "Basic YTpiQGM="),
        ] as [(String, String, UInt16, Bool, String?)])
    func urlOfAProxyIsRead(
        text: String, host: String, port: UInt16, isSecure: Bool, authorization: String?
    ) throws {
        let proxies = try ProxyConfiguration(http: text, https: nil, exceptions: nil)
        #expect(
            proxies.http
                == ProxyServer(
                    origin: Origin(isSecure: isSecure, host: host, port: port),
                    authorization: authorization.map { Array($0.utf8) }))
        #expect(proxies.https == nil)
    }

    @Test(arguments: [
        "socks5://p:1", "http://", "http://p:0", "http://p:65536", "http://p:x", "http://a b",
        "http://p/path", "http://[::1", "http://a%2@p", "http://p\r\nx: y", ":1", "@",
    ])
    func urlOfAProxyThatCannotBeUsedIsRefused(text: String) {
        #expect(throws: ProxyConfigurationError.self) {
            try ProxyConfiguration(http: nil, https: text, exceptions: nil)
        }
    }

    @Test(
        arguments: [
            ("", "a.test", false), ("*", "a.test", true), ("a.test", "a.test", true),
            ("A.Test", "a.TEST", true), ("a.test", "b.a.test", true), ("a.test", "ba.test", false),
            (".a.test", "b.a.test", true), (".a.test", "a.test", true),
            ("*.a.test", "b.a.test", true), ("a.test.", "a.test", true),
            ("x, a.test", "a.test", true),
            ("x a.test", "a.test", true), ("a.test:443", "a.test", true),
            ("a.test:80", "a.test", false), ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3:443", "10.1.2.3", true), ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.1.2.3", false), ("10.1.0.0/15", "10.0.2.3", true),
            ("0.0.0.0/0", "1.2.3.4", true), ("0.0.0.0/0", "::1", false), ("::1", "::1", true),
            ("[::1]:443", "::1", true), ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "fe12::1", false),
            ("10.0.0.0/33", "10.0.0.0", false), ("1.2.3", "x.1.2.3", true), (".", "a.test", false),
            (",,", "a.test", false),
        ])
    func hostsThatAreExceptedAreReachedDirectly(list: String, host: String, isDirect: Bool) throws {
        let proxies = try ProxyConfiguration(http: nil, https: "p", exceptions: list)
        let route = proxies.route(to: Origin(isSecure: true, host: host, port: 443))
        #expect((route == .direct) == isDirect)
        #expect(proxies.route(to: Origin(isSecure: false, host: host, port: 80)) == .direct)
    }
}
