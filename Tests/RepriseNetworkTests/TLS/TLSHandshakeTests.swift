import Testing

@testable import RepriseNetwork

struct TLSHandshakeTests {
    @Test(arguments: ["localhost", "LOCALHOST", "localhost.", "127.0.0.1", "::1", "[::1]"])
    func certificatesAreForNamesAndAddresses(_ host: String) throws {
        let pair = try TLSTestPair.connected(host: host)
        #expect(try pair.client.version == "TLSv1.3")
        #expect(pair.loop.timerCount == 0)
    }

    @Test(arguments: [("localhost", true), ("127.0.0.1", false), ("::1", false)])
    func onlyNamesAreToldToTheServer(_ host: String, _ isTold: Bool) throws {
        let pair = try TLSTestPair.connected(host: host)
        // Client hellos are in clear text, and SNI writes the name as it is.
        let hello = String(decoding: pair.clientWire.sent, as: UTF8.self)
        #expect(hello.contains(host) == isTold)
    }

    @Test(arguments: [
        ("expired", "localhost", TLSFailure.expired),
        ("future", "localhost", .expired),
        ("other", "localhost", .wrongHost),
        ("server", "example.com", .wrongHost),
        ("server", "127.0.0.2", .wrongHost),
        ("server", "::2", .wrongHost),
        ("next", "127.0.0.1", .wrongHost),
        ("self", "localhost", .untrusted("self-signed certificate")),
    ])
    func aCertificateThatIsNotRightIsRefused(
        _ certificate: String, _ host: String, _ failure: TLSFailure
    ) throws {
        let pair = TLSTestPair()
        try pair.begin(server: TLSTestCertificates.server(certificate), host: host)
        pair.loop.run()
        #expect(pair.clientError == .tls(failure))
        // The server hears why, by an alert, and neither end is left open.
        if case .stream = pair.acceptance {
            guard case .tls(.failed(let text)) = pair.serverReceiver.closeReason else {
                Issue.record("\(pair.serverReceiver.events)")
                return
            }
            #expect(text.contains("alert"))
        } else {
            guard case .tls(.failed(let text)) = pair.serverError else {
                Issue.record("\(String(describing: pair.acceptance))")
                return
            }
            #expect(text.contains("alert"))
        }
        #expect(pair.loop.timerCount == 0)
    }

    @Test func anAuthorityThatIsNotTrustedIsRefused() throws {
        let pair = TLSTestPair()
        let own = TLSTrustStore.file(TLSTestCertificates.file("self.pem"))
        try pair.begin(client: .client(trustStore: own))
        pair.loop.run()
        #expect(
            pair.clientError == .tls(.untrusted("unable to get local issuer certificate")))
    }

    @Test func extraAuthoritiesAreTrustedBesides() throws {
        let own = TLSTrustStore.file(TLSTestCertificates.file("self.pem"))
        let context = try TLSContext.client(
            trustStore: own, extraAuthorities: TLSTestCertificates.made.authority)
        for name in ["server", "self"] {
            let pair = try TLSTestPair.connected(
                client: context, server: TLSTestCertificates.server(name))
            #expect(pair.clientError == nil)
        }
    }

    @Test(arguments: [
        (["h2", "http/1.1"], ["h2", "http/1.1"], "h2"),
        (["h2", "http/1.1"], ["http/1.1", "h2"], "h2"),
        (["http/1.1"], ["h2", "http/1.1"], "http/1.1"),
        (["h2"], ["spdy/3"], nil),
        (["h2"], [], nil),
        ([], ["h2"], nil),
    ])
    func theServersPreferredProtocolIsTaken(
        _ served: [String], _ offered: [String], _ agreed: String?
    ) throws {
        let pair = try TLSTestPair.connected(
            server: TLSTestCertificates.server(protocols: served), protocols: offered)
        #expect(try pair.client.applicationProtocol == agreed)
        #expect(try pair.server.applicationProtocol == agreed)
    }

    @Test(arguments: [1, 2, 3, 5, 7, 16, 100, 517])
    func theHandshakeMayComeInAnyPieces(_ size: Int) throws {
        let pair = try TLSTestPair.connected {
            $0.clientWire.deliverySize = size
            $0.serverWire.deliverySize = size
        }
        let client = try pair.client
        let server = try pair.server
        pair.run { client.write(Array("ping".utf8).span) }
        pair.run { server.write(Array("pong".utf8).span) }
        #expect(pair.serverReceiver.bytes == Array("ping".utf8))
        #expect(pair.clientReceiver.bytes == Array("pong".utf8))
    }

    @Test func theClientHelloMayBeSplitAnywhere() throws {
        let hello = try Self.clientHello()
        for split in 1..<hello.count {
            let pair = TLSTestPair()
            try pair.accept()
            pair.run { pair.clientWire.write(Array(hello[..<split]).span) }
            #expect(pair.acceptance == nil)
            #expect(pair.serverWire.sent.isEmpty)
            pair.run { pair.clientWire.write(Array(hello[split...]).span) }
            #expect(pair.acceptance == nil)
            // A server hello.
            #expect(pair.serverWire.sent.starts(with: [22, 3, 3]))
            pair.run { pair.serverAttempt?.cancel() }
        }
    }

    @Test func bytesBehindTheHandshakeInOnePieceAreNotLost() throws {
        // The server speaks in the turn in which its handshake completes.
        let pair = TLSTestPair()
        try pair.begin()
        pair.clientWire.pauseReading()
        pair.loop.run()
        pair.clientWire.resumeReading()
        pair.loop.run()
        let server = try pair.server
        let client = try pair.client
        pair.run { client.write(Array("first".utf8).span) }
        #expect(pair.serverReceiver.bytes == Array("first".utf8))
        pair.run { server.write(Array("second".utf8).span) }
        #expect(pair.clientReceiver.bytes == Array("second".utf8))
    }

    @Test func bytesWaitForAReceiver() throws {
        let pair = TLSTestPair()
        try pair.begin()
        pair.loop.run()
        let client = try pair.client
        let server = try pair.server
        server.receiver = nil
        pair.run { client.write(Array("hello".utf8).span) }
        pair.run { client.close() }
        #expect(pair.serverReceiver.bytes.isEmpty)
        pair.run { server.receiver = pair.serverReceiver }
        #expect(pair.serverReceiver.bytes == Array("hello".utf8))
        #expect(pair.serverReceiver.hasEnded)
    }

    @Test func halfAClientHelloEndsAtTheDeadline() throws {
        let hello = try Self.clientHello()
        let pair = TLSTestPair()
        try pair.accept()
        pair.run { pair.clientWire.write(Array(hello[..<100]).span) }
        pair.loop.advance(by: .seconds(9))
        #expect(pair.acceptance == nil)
        pair.loop.advance(by: .seconds(1))
        #expect(pair.serverError == .timedOut)
        #expect(pair.serverWire.wasAborted)
        #expect(pair.loop.timerCount == 0)
    }

    @Test func aServerThatSaysNothingEndsAtTheDeadline() throws {
        let pair = TLSTestPair()
        let context = try TLSTestCertificates.client()
        var result: Result<any ByteStream, NetworkError>?
        _ = TLSStream.connect(
            over: pair.clientWire, context: context, host: "localhost", applicationProtocols: [],
            deadline: pair.loop.now + .seconds(3)
        ) { result = $0 }
        pair.loop.run()
        #expect(result == nil)
        pair.loop.advance(by: .seconds(3))
        guard case .failure(.timedOut) = result else {
            Issue.record("\(String(describing: result))")
            return
        }
        #expect(pair.clientWire.wasAborted)
    }

    @Test func aDeadlineThatIsOverEndsAtOnce() throws {
        let pair = TLSTestPair()
        var result: TLSAcceptance?
        let context = try TLSTestCertificates.server()
        TLSStream.accept(
            over: pair.serverWire, context: context, deadline: MonotonicTime(nanoseconds: 0)
        ) { result = $0 }
        #expect(result == nil)
        pair.loop.run()
        guard case .failed(.timedOut) = result else {
            Issue.record("\(String(describing: result))")
            return
        }
    }

    @Test func aCancelledAttemptSaysNothing() throws {
        let pair = TLSTestPair()
        try pair.begin()
        pair.run { pair.attempt?.cancel() }
        #expect(pair.clientResult == nil)
        #expect(pair.clientWire.wasAborted)
        guard case .tls(.failed) = pair.serverError else {
            Issue.record("\(String(describing: pair.acceptance))")
            return
        }
        pair.loop.advance(by: .seconds(100))
        #expect(pair.clientResult == nil)
        #expect(pair.loop.timerCount == 0)
    }

    @Test func cancellingAfterTheHandshakeHasNoEffect() throws {
        let pair = try TLSTestPair.connected()
        pair.run { pair.attempt?.cancel() }
        let client = try pair.client
        pair.run { client.write(Array("on".utf8).span) }
        #expect(pair.serverReceiver.bytes == Array("on".utf8))
    }

    @Test(arguments: ["", ".example.com", "a\0b"])
    func whatIsNoHostIsRefusedInALaterTurn(_ host: String) throws {
        let pair = TLSTestPair()
        try pair.begin(host: host)
        pair.loop.run()
        guard case .tls(.failed(let text)) = pair.clientError else {
            Issue.record("\(String(describing: pair.clientResult))")
            return
        }
        #expect(text.hasSuffix("is no name of a host"))
        #expect(pair.clientWire.wasAborted)
    }

    @Test(arguments: ["GET / HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "g"])
    func clearTextIsHandedBackSoThatItCanBeAnswered(_ request: String) throws {
        let pair = TLSTestPair()
        try pair.accept()
        pair.clientWire.receiver = pair.clientReceiver
        pair.run { pair.clientWire.write(Array(request.utf8).span) }
        guard case .plaintext(let stream, let received) = pair.acceptance else {
            Issue.record("\(String(describing: pair.acceptance))")
            return
        }
        #expect(received == Array(request.utf8))
        #expect(stream === pair.serverWire)
        pair.run {
            stream.receiver = pair.serverReceiver
            stream.write(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8).span)
            stream.close()
        }
        #expect(pair.clientReceiver.bytes == Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
        #expect(pair.clientReceiver.hasEnded)
        #expect(pair.loop.timerCount == 0)
    }

    @Test(arguments: [
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [0xFF] + [UInt8](repeating: 7, count: 40),
        [0x80, 0x10, 1, 0, 2, 0, 3, 0, 0, 0, 4, 1, 2, 3, 9, 9, 9, 9],
        Array("  GET / HTTP/1.1\r\n\r\n".utf8), [23, 3, 3, 0, 4, 1, 2, 3, 4],
    ])
    func rubbishIsNoTLS(_ bytes: [UInt8]) throws {
        let pair = TLSTestPair()
        try pair.accept()
        pair.clientWire.receiver = pair.clientReceiver
        pair.run { pair.clientWire.write(bytes.span) }
        #expect(pair.serverError == .tls(.notTLS))
        #expect(pair.clientReceiver.hasEnded)
    }

    @Test func rubbishInARecordFailsInOpenSSLsWords() throws {
        let pair = TLSTestPair()
        try pair.accept()
        pair.run {
            pair.clientWire.write(([22, 3, 1, 0, 40] + [UInt8](repeating: 9, count: 40)).span)
        }
        guard case .tls(.failed(let text)) = pair.serverError else {
            Issue.record("\(String(describing: pair.acceptance))")
            return
        }
        #expect(text == "unexpected message")
    }

    @Test func aServerThatAnswersInClearTextIsNoTLS() throws {
        let pair = TLSTestPair()
        let context = try TLSTestCertificates.client()
        var result: Result<any ByteStream, NetworkError>?
        _ = TLSStream.connect(
            over: pair.clientWire, context: context, host: "localhost", applicationProtocols: [],
            deadline: pair.loop.now + .seconds(3)
        ) { result = $0 }
        pair.run { pair.serverWire.write(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8).span) }
        guard case .failure(.tls(.notTLS)) = result else {
            Issue.record("\(String(describing: result))")
            return
        }
    }

    @Test(arguments: [UInt8(1), 2])
    func versionsBelowTheLowestAreRefused(_ minor: UInt8) throws {
        // A client hello of TLS 1.0 or 1.1 (RFC 4346 §7.4.1.2) with three usual ciphers.
        let body: [UInt8] =
            [3, minor] + [UInt8](repeating: 0x5A, count: 32) + [0, 0, 6, 0xC0, 0x09, 0xC0, 0x13, 0]
            + [0x2F, 1, 0]
        let message: [UInt8] = [1, 0, 0, UInt8(body.count)] + body
        let pair = TLSTestPair()
        try pair.accept()
        pair.clientWire.receiver = pair.clientReceiver
        pair.run {
            pair.clientWire.write(([22, 3, 1, 0, UInt8(message.count)] + message).span)
        }
        #expect(pair.serverError == .tls(.failed("unsupported protocol")))
        // A fatal alert, protocol_version.
        #expect(pair.clientReceiver.bytes.first == 21)
        #expect(pair.clientReceiver.bytes.suffix(2) == [2, 70])
    }

    @Test func aConnectionThatEndsInTheHandshakeFails() throws {
        let hello = try Self.clientHello()
        let reset = NetworkError.tls(.failed("the peer reset the connection in the handshake"))
        let ended = NetworkError.tls(.failed("the peer ended the connection in the handshake"))
        for count in [0, 1, 100, hello.count] {
            for (isReset, error) in [(true, reset), (false, ended)] {
                let pair = TLSTestPair()
                try pair.accept()
                pair.run { pair.clientWire.write(Array(hello[..<count]).span) }
                pair.run {
                    if isReset { pair.clientWire.abort() } else { pair.clientWire.close() }
                }
                #expect(pair.serverError == error)
                pair.loop.advance(by: .seconds(20))
                #expect(pair.loop.timerCount == 0)
            }
        }
    }

    @Test(arguments: [true, false])
    func aChangedByteInTheHandshakeLeavesNothingOpen(_ isServers: Bool) throws {
        let whole = try TLSTestPair.connected()
        let count = isServers ? whole.serverWire.sent.count : whole.clientWire.sent.count
        let context = try TLSTestCertificates.server()
        let trusting = try TLSTestCertificates.client()
        var failures = 0
        for position in 0..<count {
            let pair = TLSTestPair()
            (isServers ? pair.serverWire : pair.clientWire).changedByte = position
            try pair.begin(client: trusting, server: context)
            pair.loop.run()
            pair.loop.advance(by: .seconds(10))
            #expect(pair.acceptance != nil)
            #expect(pair.clientResult != nil)
            guard case .success = pair.clientResult, case .stream(let server) = pair.acceptance
            else {
                failures += 1
                pair.loop.advance(by: .seconds(10))
                #expect(pair.loop.timerCount == 0)
                continue
            }
            let client = try pair.client
            // The client may have believed itself connected before the server did, or the byte was
            // one of those that mean nothing, or part of a ticket.
            pair.run { client.write([1].span) }
            pair.run { server.write([2].span) }
            #expect(pair.serverReceiver.bytes == [1] || pair.serverReceiver.closeReason != nil)
            if pair.clientReceiver.bytes.isEmpty, pair.clientReceiver.closeReason == nil {
                // A ticket's record that says a greater length: the client waits for the rest of
                // it, at most 16,640 bytes (RFC 8446 §5.2).
                pair.run { server.write([UInt8](repeating: 2, count: 32_768).span) }
                #expect(pair.clientReceiver.closeReason != nil)
            }
            #expect(pair.clientReceiver.bytes == [2] || pair.clientReceiver.closeReason != nil)
            if pair.clientReceiver.closeReason != nil { failures += 1 }
        }
        #expect(failures > count * 9 / 10)
    }

    @Test func aRefusedConnectionDoesNotHarmItsNeighbours() throws {
        let healthy = try TLSTestPair.connected()
        let refused = TLSTestPair()
        try refused.begin(server: TLSTestCertificates.server("expired"))
        refused.loop.run()
        #expect(refused.clientError == .tls(.expired))
        let client = try healthy.client
        healthy.run { client.write(Array("still here".utf8).span) }
        #expect(healthy.serverReceiver.bytes == Array("still here".utf8))
    }

    @Test func aReplacedIdentityIsForNewConnections() throws {
        let identity = TLSServerIdentity(try TLSTestCertificates.server("server"))
        let old = try TLSTestPair.connected(server: identity.context, host: "127.0.0.1")
        identity.replace(with: try TLSTestCertificates.server("next"))
        // The new certificate is for `localhost` alone.
        let new = TLSTestPair()
        try new.begin(server: identity.context, host: "127.0.0.1")
        new.loop.run()
        #expect(new.clientError == .tls(.wrongHost))
        _ = try TLSTestPair.connected(server: identity.context, host: "localhost")
        let client = try old.client
        old.run { client.write(Array("old".utf8).span) }
        #expect(old.serverReceiver.bytes == Array("old".utf8))
    }

    /// The first bytes of a client.
    private static func clientHello() throws -> [UInt8] {
        let pair = TLSTestPair()
        let context = try TLSTestCertificates.client()
        let attempt = TLSStream.connect(
            over: pair.clientWire, context: context, host: "localhost", applicationProtocols: [],
            deadline: pair.loop.now + .seconds(3)
        ) { _ in }
        pair.loop.run()
        let hello = pair.clientWire.sent
        attempt.cancel()
        return hello
    }
}
