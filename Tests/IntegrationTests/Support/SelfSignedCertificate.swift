import AsyncHTTPClient
import NIOCore
import NIOPosix
import NIOSSL

/// A certificate for 127.0.0.1 that nobody trusts, made by the `openssl` command.
struct SelfSignedCertificate: Sendable {
    /// The path of the certificate.
    let certificate: String
    /// The path of its private key.
    let key: String

    /// The flags that serve HTTPS with it.
    var flags: [String] { ["--tls-cert", certificate, "--tls-key", key] }

    /// Makes one in a directory.
    init(in directory: ScratchDirectory, name: String = "server") async throws {
        certificate = directory.path("\(name).crt")
        key = directory.path("\(name).key")
        try await Tool.run(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    }

    /// Runs `body` with a client that takes any certificate.
    static func withTrustingClient<R>(
        _ version: HTTPClient.Configuration.HTTPVersion,
        _ body: (HTTPClient) async throws -> R
    ) async throws -> R {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .none
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.httpVersion = version
        let client = HTTPClient(
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: configuration)
        do {
            let result = try await body(client)
            try await client.shutdown()
            return result
        } catch {
            try await client.shutdown()
            throw error
        }
    }
}
