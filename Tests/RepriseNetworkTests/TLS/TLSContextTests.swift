import Foundation
import Testing

@testable import RepriseNetwork

struct TLSContextTests {
    private static func path(_ name: String) -> String { TLSTestCertificates.file(name) }

    private static func server(_ certificate: String, _ key: String) throws -> TLSContext {
        try TLSContext.server(
            certificate: path(certificate), key: path(key), applicationProtocols: [],
            wallClock: 1_800_000_000_000)
    }

    @Test(arguments: [
        ("missing.pem", "server.key", "missing.pem cannot be read: No such file or directory"),
        ("server.pem", "missing.key", "missing.key cannot be read: No such file or directory"),
        ("empty.pem", "server.key", "empty.pem is empty"),
        ("server.pem", "empty.pem", "empty.pem is empty"),
        ("rubbish.pem", "server.key", "rubbish.pem holds no certificate in PEM form"),
        ("server.pem", "rubbish.pem", "rubbish.pem holds no private key in PEM form"),
        ("server.key", "server.key", "server.key holds no certificate in PEM form"),
        ("server.pem", "server.pem", "server.pem holds no private key in PEM form"),
        ("damaged.pem", "server.key", "damaged.pem is damaged: "),
        ("damaged-chain.pem", "server.key", "damaged-chain.pem is damaged: "),
        ("server.pem", "damaged.key", "damaged.key is damaged: "),
        ("server.pem", "encrypted.key", "encrypted.key holds an encrypted private key"),
        ("server.pem", "encrypted-old.key", "encrypted-old.key holds an encrypted private key"),
        ("server.pem", "other.key", "other.key holds the private key of another certificate than "),
        ("weak.pem", "weak.key", "weak.pem cannot be used: ee key too small"),
        ("", "server.key", " cannot be read: Is a directory"),
    ])
    func eachFlawIsOneErrorThatNamesTheFile(
        _ certificate: String, _ key: String, _ text: String
    ) throws {
        let directory = TLSTestCertificates.made.directory
        do {
            _ = try Self.server(certificate, key)
            Issue.record("\(certificate) with \(key) was taken")
        } catch let error as TLSContextError {
            #expect(error.description.hasPrefix(directory + "/" + text), "\(error)")
            #expect(!error.description.contains("\n"))
        }
    }

    @Test(arguments: [
        ("server", []),
        ("expired", [TLSContextWarning.expired(file: path("expired.pem"))]),
        ("future", [.notYetValid(file: path("future.pem"))]),
    ])
    func aCertificateOutOfItsTimeIsTakenWithAWarning(
        _ name: String, _ warnings: [TLSContextWarning]
    ) throws {
        #expect(try Self.server("\(name).pem", "\(name).key").warnings == warnings)
    }

    @Test func certificateAndKeyMayStandInOneFile() throws {
        #expect(try Self.server("both.pem", "both.pem").warnings.isEmpty)
    }

    @Test(arguments: [[""], ["h2", String(repeating: "x", count: 256)]])
    func namesOfProtocolsHaveOneTo255Bytes(_ names: [String]) throws {
        #expect(throws: TLSContextError.unusableProtocol(names[names.count - 1])) {
            try TLSTestCertificates.server(protocols: names)
        }
    }

    @Test(arguments: [
        ("missing.pem", "cannot be read: No such file or directory"),
        ("empty.pem", "is empty"),
        ("rubbish.pem", "holds no certificate in PEM form"),
    ])
    func authoritiesThatCannotBeReadAreAnError(_ name: String, _ text: String) throws {
        let path = Self.path(name)
        for make in [
            { try TLSContext.client(trustStore: .file(path)) },
            { try TLSContext.client(trustStore: nil, extraAuthorities: path) },
        ] {
            do {
                _ = try make()
                Issue.record("\(name) was taken")
            } catch let error as TLSContextError {
                #expect(error.description == "\(path) \(text)")
            }
        }
    }

    @Test func theTrustStoreIsWhatAVariableNamesOrTheFirstUsualFile() {
        func locate(_ variables: [String: String], _ files: Set<String>) -> TLSTrustStore? {
            TLSTrustStore.locate(variable: { variables[$0] }, isReadable: files.contains)
        }
        let usual = TLSTrustStore.usualFiles
        #expect(locate([:], []) == nil)
        for file in usual { #expect(locate([:], [file]) == .file(file)) }
        #expect(locate([:], Set(usual)) == .file(usual[0]))
        #expect(locate([:], ["/etc/ssl/certs"]) == .directory("/etc/ssl/certs"))
        #expect(locate(["SSL_CERT_FILE": "/a"], Set(usual)) == .file("/a"))
        #expect(locate(["SSL_CERT_FILE": "", "SSL_CERT_DIR": "/b"], []) == .directory("/b"))
        #expect(locate(["SSL_CERT_FILE": "/a", "SSL_CERT_DIR": "/b"], []) == .file("/a"))
    }

    @Test func aClientSaysWhereItsAuthoritiesCameFrom() throws {
        let store = TLSTrustStore.file(TLSTestCertificates.made.authority)
        #expect(try TLSContext.client(trustStore: store).trustStore == store)
        #expect(try TLSContext.client(trustStore: nil).trustStore == nil)
    }
}
