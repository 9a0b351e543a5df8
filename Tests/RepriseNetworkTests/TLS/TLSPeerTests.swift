import Foundation
import Testing

@testable import RepriseNetwork

/// The `openssl` command as client and as server, over real sockets.
struct TLSPeerTests {
    /// A server of ours that has accepted `openssl s_client`.
    final class Server {
        let loop = TLSTestLoop()
        let receiver = TLSTestReceiver()
        let peer: TLSPeerProcess
        private(set) var acceptance: TLSAcceptance?

        init(_ options: [String], _ context: TLSContext? = nil) throws {
            let (listener, port) = try TLSTestSocket.listening()
            peer = try TLSPeerProcess(
                ["s_client", "-connect", "127.0.0.1:\(port)", "-CAfile", "ca.pem"] + options)
            let socket = try TLSTestSocket.accepted(from: listener, loop)
            let context = try context ?? TLSTestCertificates.server()
            loop.turn {
                TLSStream.accept(
                    over: socket, context: context, deadline: loop.now + .seconds(10)
                ) { [self] in
                    acceptance = $0
                    if case .stream(let stream) = $0 { stream.receiver = receiver }
                }
            }
            try #require(loop.run { self.acceptance != nil })
        }

        var stream: TLSStream {
            get throws {
                guard case .stream(let stream) = acceptance else {
                    return try #require(nil, "\(String(describing: acceptance))")
                }
                return stream
            }
        }
    }

    @Test(arguments: [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")])
    func bothVersionsAreServed(_ option: String, _ version: String) throws {
        let server = try Server([
            option, "-quiet", "-verify_return_error", "-verify_hostname", "localhost",
            "-servername", "localhost", "-alpn", "http/1.1",
        ])
        let stream = try server.stream
        #expect(stream.version == version)
        #expect(stream.applicationProtocol == "http/1.1")
        try server.peer.write(Array("ping\n".utf8))
        #expect(server.loop.run { server.receiver.bytes == Array("ping\n".utf8) })
        server.loop.turn {
            stream.write(Array("pong\n".utf8).span)
            stream.close()
        }
        #expect(server.loop.run { server.receiver.closeReason != nil })
        #expect(server.receiver.closeReason == .closedHere)
        #expect(server.peer.readToEnd().contains("pong\n"))
    }

    @Test(arguments: ["-tls1", "-tls1_1"])
    func olderVersionsAreRefused(_ option: String) throws {
        let server = try Server([option, "-cipher", "ALL:@SECLEVEL=0"])
        guard case .failed(.tls(.failed(let text))) = server.acceptance else {
            Issue.record("\(String(describing: server.acceptance))")
            return
        }
        #expect(text == "unsupported protocol")
        _ = server.loop.run { server.loop.timerCount == 0 }
        #expect(server.peer.readToEnd().contains("alert protocol version"))
    }

    @Test func renegotiationIsRefused() throws {
        let server = try Server(["-tls1_2"])
        try server.peer.write(Array("R\n".utf8))
        #expect(server.peer.read(until: "RENEGOTIATING").contains("RENEGOTIATING"))
        try server.peer.write(Array("hello\n".utf8))
        #expect(
            server.loop.run { server.receiver.closeReason != nil || !server.receiver.bytes.isEmpty }
        )
        // Whether the client goes on or leaves is its choice; no second handshake took place.
        let stream = try server.stream
        server.loop.turn { stream.close() }
        _ = server.loop.run { server.receiver.closeReason != nil }
        #expect(server.peer.readToEnd().contains("no renegotiation"))
    }

    @Test func keyUpdatesOfAnotherImplementationsMakingAreFollowed() throws {
        let server = try Server(["-tls1_3"])
        let stream = try server.stream
        // `K` updates the client's keys and asks for the server's.
        for round in 1...3 {
            try server.peer.write(Array("K\n".utf8))
            #expect(server.peer.read(until: "KEYUPDATE").contains("KEYUPDATE"))
            try server.peer.write(Array("ping \(round)\n".utf8))
            #expect(
                server.loop.run {
                    server.receiver.bytes.suffix(7) == Array("ping \(round)\n".utf8)[...]
                })
            server.loop.turn { stream.write(Array("pong \(round)\n".utf8).span) }
            #expect(server.peer.read(until: "pong \(round)").contains("pong \(round)"))
        }
        server.loop.turn { stream.close() }
        #expect(server.loop.run { server.receiver.closeReason == .closedHere })
    }

    @Test func muchIsSentToAnotherImplementation() throws {
        let server = try Server(["-quiet"])
        let stream = try server.stream
        let line = Array(String(repeating: "0123456789abcde", count: 64).utf8) + [10]
        var bytes: [UInt8] = []
        for _ in 0..<2200 { bytes += line }
        #expect(bytes.count > 2 << 20)
        let peer = server.peer
        server.loop.turn {
            stream.write(keeping: bytes)
            stream.close()
        }
        let reader = Reader(peer)
        #expect(server.loop.run { server.receiver.closeReason != nil })
        #expect(server.receiver.closeReason == .closedHere)
        let text = reader.wait()
        #expect(text.utf8.count >= bytes.count)
        #expect(text.hasSuffix(String(decoding: bytes.suffix(100_000), as: UTF8.self)))
    }

    /// Reads all that a process prints, on a thread of its own.
    private final class Reader: @unchecked Sendable {
        // Written by the thread before it signals, read after.
        private var text = ""
        private let done = DispatchSemaphore(value: 0)

        init(_ peer: TLSPeerProcess) {
            // The process is used by this thread alone until it has signalled.
            nonisolated(unsafe) let peer = peer
            Thread.detachNewThread { [self] in
                text = peer.readToEnd()
                done.signal()
            }
        }

        func wait() -> String {
            done.wait()
            return text
        }
    }

    @Test(arguments: [
        ("server", "localhost", nil), ("server", "127.0.0.1", nil), ("server", "::1", nil),
        ("other", "localhost", TLSFailure.wrongHost), ("expired", "localhost", .expired),
        ("self", "localhost", .untrusted("self-signed certificate")),
        ("weak", "localhost", .untrusted("EE certificate key too weak")),
    ])
    func serversAreChecked(_ certificate: String, _ host: String, _ failure: TLSFailure?) throws {
        let client = try Client(certificate, host: host)
        switch (client.result, failure) {
        case (.success(let stream), nil):
            #expect(stream.applicationProtocol == "http/1.1")
            client.loop.turn { stream.write(Array("GET / HTTP/1.0\r\n\r\n".utf8).span) }
            #expect(
                client.loop.run { client.receiver.closeReason != nil || client.receiver.hasEnded })
            let answer = String(decoding: client.receiver.bytes, as: UTF8.self)
            #expect(answer.hasPrefix("HTTP/1.0 200 ok"))
            client.loop.turn { stream.abort() }
            client.loop.run()
        case (.failure(.tls(let found)), let failure): #expect(found == failure)
        default: Issue.record("\(String(describing: client.result))")
        }
    }

    /// A client of ours at `openssl s_server`, which shows its state to any request.
    final class Client {
        let loop = TLSTestLoop()
        let receiver = TLSTestReceiver()
        let peer: TLSPeerProcess
        private(set) var result: Result<any ByteStream, NetworkError>?

        init(_ certificate: String, host: String) throws {
            peer = try TLSPeerProcess([
                "s_server", "-accept", "127.0.0.1:0", "-cert", "\(certificate).pem", "-key",
                "\(certificate).key", "-www", "-alpn", "http/1.1", "-cipher", "ALL:@SECLEVEL=0",
            ])
            let text = peer.read(until: "ACCEPT 127.0.0.1:")
            let all = text.contains("\n") ? text : text + peer.read(until: "\n")
            let line = try #require(all.split(separator: "\n").first { $0.hasPrefix("ACCEPT ") })
            let port = try #require(UInt16(line.split(separator: ":")[1]))
            let socket = try TLSTestSocket.connected(to: port, loop)
            let context = try TLSTestCertificates.client()
            loop.turn {
                _ = TLSStream.connect(
                    over: socket, context: context, host: host,
                    applicationProtocols: ["h2", "http/1.1"], deadline: loop.now + .seconds(10)
                ) { [self] in
                    result = $0
                    if case .success(let stream) = $0 { stream.receiver = receiver }
                }
            }
            try #require(loop.run { self.result != nil })
        }
    }
}
