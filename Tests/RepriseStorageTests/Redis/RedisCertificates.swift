import Foundation
import RepriseTesting

/// An authority of our own and a server's certificate by it, made by the `openssl` command.
struct RedisCertificates {
    let server: RedisServerProcess.TLSFiles
    private let directory: TemporaryDirectory

    private struct Failed: Error {
        var output: String
    }

    /// Makes the files, which stay as long as this value.
    init(names: String = "IP:127.0.0.1,DNS:localhost") async throws {
        directory = try TemporaryDirectory()
        server = RedisServerProcess.TLSFiles(
            authority: directory.file("ca.pem"), certificate: directory.file("server.pem"),
            key: directory.file("server.key"))
        let extensions = directory.file("extensions")
        try "subjectAltName=\(names)\n".write(
            toFile: extensions, atomically: true, encoding: .utf8)
        let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        let commands = [
            ["openssl", "req", "-x509", "-days", "2", "-subj", "/CN=Test authority"] + newKey
                + ["-keyout", directory.file("ca.key"), "-out", server.authority],
            ["openssl", "req", "-subj", "/CN=Test server"] + newKey
                + ["-keyout", server.key, "-out", directory.file("server.csr")],
            [
                "openssl", "x509", "-req", "-days", "2", "-in", directory.file("server.csr"),
                "-CA", server.authority, "-CAkey", directory.file("ca.key"), "-CAcreateserial",
                "-extfile", extensions, "-out", server.certificate,
            ],
        ]
        for command in commands {
            let output = try await CommandOutput.run(command)
            guard output.status == 0 else { throw Failed(output: output.text) }
        }
    }
}
