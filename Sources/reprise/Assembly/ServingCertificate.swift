import RepriseLogging
import RepriseNetwork

/// The certificate and key that the settings name, which may be replaced while the server runs.
final class ServingCertificate: Sendable {
    /// What new connections take.
    let identity: TLSServerIdentity

    private let certificate: String
    private let key: String
    private let logger: Logger
    /// Reads the files: a disk may be slow.
    private let worker: any Worker

    /// Reads the files; nil for settings without them.
    ///
    /// - Throws: What is wrong with which file.
    init?(
        _ settings: ServerSettings, network: any Network, logger: Logger
    ) throws(StartError) {
        guard let certificate = settings.tlsCertificate, let key = settings.tlsKey else {
            return nil
        }
        self.certificate = certificate
        self.key = key
        self.logger = logger
        do throws(TLSContextError) {
            identity = TLSServerIdentity(try Self.load(certificate, key, logger))
        } catch {
            throw StartError("cannot serve HTTPS: \(error)")
        }
        worker = network.makeWorker(named: "tls-files")
    }

    /// Reads the files again. What is broken leaves the old pair in use.
    func reload() {
        worker.submit { [self] in
            do throws(TLSContextError) {
                identity.replace(with: try Self.load(certificate, key, logger))
                logger.log(
                    .notice, "certificate reloaded", [LogField("file", .text(certificate))])
            } catch {
                logger.log(
                    .error, "The certificate was not reloaded; the old one stays in use.",
                    [LogField("error", .text("\(error)"))])
            }
        }
    }

    /// Ends the thread that reads.
    func stop() { worker.stop() }

    private static func load(
        _ certificate: String, _ key: String, _ logger: Logger
    ) throws(TLSContextError) -> TLSContext {
        let context = try TLSContext.server(
            certificate: certificate, key: key, applicationProtocols: ["h2", "http/1.1"],
            wallClock: SystemTime.now)
        for warning in context.warnings {
            logger.log(
                .warning, "Clients may refuse this server's certificate.",
                [LogField("reason", .text("\(warning)"))])
        }
        return context
    }
}
