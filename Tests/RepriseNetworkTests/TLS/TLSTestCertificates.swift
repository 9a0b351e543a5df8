import Foundation
import RepriseNetwork

/// An authority of our own and servers' certificates by it, made by the `openssl` command once a
/// process, in a directory that goes with it.
struct TLSTestCertificates: Sendable {
    let directory: String

    static let made = TLSTestCertificates()

    struct Failed: Error { let output: String }

    static func file(_ name: String) -> String { made.directory + "/" + name }

    var authority: String { directory + "/ca.pem" }

    private init() {
        directory = NSTemporaryDirectory() + "reprise-tls-\(UUID().uuidString)"
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true)
            atexit {
                try? FileManager.default.removeItem(atPath: TLSTestCertificates.made.directory)
            }
            try makeAll()
        } catch {
            preconditionFailure("the certificates of the tests cannot be made: \(error)")
        }
    }

    private func makeAll() throws {
        let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        try openssl(
            ["req", "-x509", "-days", "2", "-subj", "/CN=Test authority", "-keyout", "ca.key"]
                + newKey + ["-out", "ca.pem"])
        try openssl(
            ["req", "-x509", "-days", "2", "-subj", "/CN=localhost", "-keyout", "self.key"]
                + newKey + ["-addext", "subjectAltName=DNS:localhost", "-out", "self.pem"])
        try sign(
            "server", "DNS:localhost,IP:127.0.0.1,IP:::1", "20200101000000Z", "20990101000000Z")
        try sign("next", "DNS:localhost", "20200101000000Z", "20990101000000Z")
        try sign("other", "DNS:other.example", "20200101000000Z", "20990101000000Z")
        try sign("expired", "DNS:localhost", "20200101000000Z", "20210101000000Z")
        try sign("future", "DNS:localhost", "20980101000000Z", "20990101000000Z")
        try openssl([
            "pkcs8", "-topk8", "-in", "server.key", "-out", "encrypted.key", "-passout",
            "pass:secret",
        ])
        try openssl([
            "ec", "-in", "server.key", "-aes128", "-out", "encrypted-old.key", "-passout",
            "pass:secret",
        ])
        try openssl(
            [
                "req", "-x509", "-days", "2", "-subj", "/CN=localhost", "-newkey", "rsa:1024",
                "-nodes",
            ]
                + ["-keyout", "weak.key", "-out", "weak.pem"])
        try write("", to: "empty.pem")
        try write("This is no certificate.\n", to: "rubbish.pem")
        let server = try read("server.pem")
        let middle = server.index(server.startIndex, offsetBy: server.count / 2)
        try write(
            server.replacingCharacters(
                in: middle..<server.index(middle, offsetBy: 4), with: "????"),
            to: "damaged.pem")
        try write(server + (try read("damaged.pem")), to: "damaged-chain.pem")
        let key = try read("server.key")
        try write(key.replacingOccurrences(of: "MIG", with: "AAA"), to: "damaged.key")
        try write(server + (try read("ca.pem")), to: "chain.pem")
        try write(key + server, to: "both.pem")
    }

    /// Lets the authority sign a certificate, whose time it alone can choose freely.
    private func sign(_ name: String, _ names: String, _ begin: String, _ end: String) throws {
        try openssl([
            "req", "-subj", "/CN=Test \(name)", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "\(name).key", "-out",
            "\(name).csr",
        ])
        let settings = """
            [ca]
            default_ca = test
            [test]
            database = \(directory)/\(name).index
            new_certs_dir = \(directory)
            rand_serial = yes
            default_md = sha256
            policy = any
            x509_extensions = names
            [any]
            commonName = supplied
            [names]
            subjectAltName = \(names)
            """
        try write(settings, to: "\(name).cnf")
        try write("", to: "\(name).index")
        try openssl([
            "ca", "-batch", "-notext", "-config", "\(name).cnf", "-cert", "ca.pem", "-keyfile",
            "ca.key", "-in", "\(name).csr", "-out", "\(name).pem", "-startdate", begin, "-enddate",
            end,
        ])
    }

    private func write(_ text: String, to name: String) throws {
        try text.write(toFile: directory + "/" + name, atomically: true, encoding: .utf8)
    }

    private func read(_ name: String) throws -> String {
        try String(contentsOfFile: directory + "/" + name, encoding: .utf8)
    }

    private func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failed(output: String(decoding: text, as: UTF8.self))
        }
    }

    /// A client that trusts the authority.
    static func client() throws -> TLSContext {
        try .client(trustStore: .file(made.authority))
    }

    /// A server with one of the certificates.
    static func server(
        _ name: String = "server", protocols: [String] = ["h2", "http/1.1"]
    ) throws -> TLSContext {
        try .server(
            certificate: file("\(name).pem"), key: file("\(name).key"),
            applicationProtocols: protocols, wallClock: 1_800_000_000_000)
    }
}
