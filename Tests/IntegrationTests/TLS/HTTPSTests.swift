import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import RepriseSimulator
import Testing

/// `--tls-cert` and `--tls-key`: HTTPS, with the protocol that the client prefers.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct HTTPSTests {
    /// A protocol, as the client asks for it and as it says that it got it.
    enum Version: CaseIterable, Sendable {
        case http1
        case http2

        var wanted: HTTPClient.Configuration.HTTPVersion {
            self == .http1 ? .http1Only : .automatic
        }
        var got: HTTPVersion { self == .http1 ? .http1_1 : .http2 }
    }

    @Test(arguments: Version.allCases)
    func missAndHitOfJSONAndStream(version: Version) async throws {
        let script = Script { request in
            request.bodyText.contains("\"stream\":true")
                ? .eventStream(Chat.events("one", "two")) : .json(Chat.answer("one"))
        }
        try await served(script, version) { proxy, upstream, client in
            #expect(proxy.origin.hasPrefix("https://127.0.0.1:"))
            for (stream, body) in [
                (false, Chat.answer("one")), (true, Chat.events("one", "two").joined()),
            ] {
                let miss = try await proxy.ask("hello", stream: stream, with: client)
                let hit = try await proxy.ask("hello", stream: stream, with: client)
                #expect(miss.version == version.got && hit.version == version.got)
                #expect(miss.isStoredMiss, "\(miss.cacheStatus)")
                #expect(hit.isHit, "\(hit.cacheStatus)")
                #expect(miss.body == body && hit.body == body)
            }
            #expect(upstream.requestCount == 2)
            #expect(try await proxy.send(.GET, "/ready", with: client).status == 200)
            #expect(await proxy.stop() == 0)
        }
    }

    @Test(arguments: Version.allCases)
    func streamArrivesEventByEvent(version: Version) async throws {
        let gate = Gate()
        let events = Chat.events("one", "two")
        let script = Script.always(.eventStream(events).gated(by: gate, afterPieces: 1))
        try await served(script, version) { proxy, _, client in
            let response = try await client.execute(request(proxy), timeout: .minutes(4))
            var text = ""
            for try await buffer in response.body {
                text += String(buffer: buffer)
                // Nothing more exists before this event has been seen.
                if text == events[0] { gate.open() }
            }
            #expect(text == events.joined())
        }
    }

    @Test(arguments: Version.allCases, [SimulatedResponse.Step.cut, .reset])
    func upstreamCutIsNoCleanEnd(version: Version, how: SimulatedResponse.Step) async throws {
        let events = Chat.events("one", "two")
        let script = Script.sequence([
            .eventStream(events).broken(afterPieces: 1, by: how), .eventStream(events),
        ])
        try await served(script, version) { proxy, _, client in
            await #expect(throws: (any Error).self) {
                let response = try await client.execute(request(proxy), timeout: .minutes(4))
                _ = try await response.body.collect(upTo: 1 << 20)
            }
            // A stream was cut, not what else the connection carries.
            let whole = try await proxy.ask("hello", stream: true, with: client)
            #expect(whole.isStoredMiss)
            #expect(whole.body == events.joined())
        }
    }

    @Test func manyStreamsOfOneConnectionAreServedAtOnce() async throws {
        let gate = Gate()
        let script = Script { request in
            .json(Chat.answer("\(request.arrival)")).gated(by: gate)
        }
        try await served(script, .http2) { proxy, upstream, client in
            try await withThrowingTaskGroup(of: ClientAnswer.self) { group in
                for number in 0..<50 {
                    group.addTask { try await proxy.ask("question \(number)", with: client) }
                }
                await gate.waitForArrivals(50)
                gate.open()
                for try await answer in group {
                    #expect(answer.isStoredMiss)
                    #expect(answer.version == .http2)
                }
            }
            #expect(upstream.requestCount == 50)
        }
    }

    @Test func plainTextOnTheTLSPortIsNotServed() async throws {
        try await served(.builtIn(), .http1) { proxy, _, client in
            let responses = try await WireConnection.exchange(
                "GET /health HTTP/1.1\r\nHost: a\r\n\r\n", port: proxy.port)
            #expect(responses.isEmpty)
            #expect(try await proxy.send(.GET, "/health", with: client).status == 200)
        }
    }

    @Test func upstreamWithACertificateThatNobodyTrustsIs502() async throws {
        try await served(.builtIn(), .http1) { untrusted, upstream, _ in
            try await ServedProxy.with(upstream: untrusted.origin) { proxy in
                for _ in 0..<2 {
                    let answer = try await proxy.ask("secret")
                    #expect(answer.status == 502)
                    #expect(answer.errorCode == "upstream_unreachable")
                    #expect(answer.body.lowercased().contains("certificate"), "\(answer.body)")
                }
                #expect(upstream.requestCount == 0)
            }
        }
    }

    /// What stands in the two files.
    enum Flaw: CaseIterable, Sendable {
        case noCertificate, noKey, rubbish, emptyCertificate, otherKey
    }

    @Test(arguments: Flaw.allCases)
    func unusableFileIsOneLine(flaw: Flaw) async throws {
        try await ScratchDirectory.with { directory in
            let good = try await SelfSignedCertificate(in: directory)
            var certificate = good.certificate, key = good.key
            switch flaw {
            case .noCertificate: certificate = directory.path("missing.crt")
            case .noKey: key = directory.path("missing.key")
            case .rubbish:
                certificate = directory.path("rubbish.crt")
                try "rubbish\n".write(toFile: certificate, atomically: true, encoding: .utf8)
            case .emptyCertificate:
                certificate = directory.path("empty.crt")
                try "".write(toFile: certificate, atomically: true, encoding: .utf8)
            case .otherKey:
                key = try await SelfSignedCertificate(in: directory, name: "other").key
            }
            let ended = try await BuiltBinary.run([
                "serve", "--listen", "127.0.0.1:0", "--store", "memory:",
                "--tls-cert", certificate, "--tls-key", key,
            ])
            #expect(ended.exitCode == 69)
            #expect(ended.output == "")
            #expect(ended.errorLines.count == 1, "\(ended.errors)")
            #expect(ended.errors.contains(certificate) || ended.errors.contains(key))
        }
    }

    private func request(_ proxy: ServedProxy) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: "\(proxy.origin)/v1/chat/completions")
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(string: Chat.request("hello", stream: true)))
        return request
    }

    private func served(
        _ script: Script, _ version: Version,
        _ body: (ServedProxy, SimulatedUpstream, HTTPClient) async throws -> Void
    ) async throws {
        try await SimulatedUpstream.run(script) { upstream in
            try await ScratchDirectory.with { directory in
                let certificate = try await SelfSignedCertificate(in: directory)
                try await ServedProxy.with(
                    upstream: upstream.origin, certificate.flags
                ) { proxy in
                    try await SelfSignedCertificate.withTrustingClient(version.wanted) { client in
                        try await body(proxy, upstream, client)
                    }
                }
            }
        }
    }
}
