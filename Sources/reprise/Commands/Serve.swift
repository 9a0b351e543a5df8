import ArgumentParser
import Foundation
import RepriseServer
import RepriseStorage

/// `reprise serve`: the proxy.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answer repeated requests from the cache, and send the others upstream.",
        discussion: """
            Each setting can be given as a flag, as an environment variable, or in a file \
            (--config), in that precedence.
            """)

    @OptionGroup var options: ServeOptions

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let settings: ServerSettings
        do {
            let loaded = try await SettingsLoader.load(
                flags: options.flags, environment: environment)
            for warning in loaded.warnings {
                FileHandle.standardError.write(Data("reprise: warning: \(warning)\n".utf8))
            }
            settings = loaded.settings
        } catch {
            throw ExitCode(SettingsError.exitCode).saying(error.message)
        }
        do {
            let assembly = try ProxyAssembly(settings, environment: environment)
            try await assembly.run(stoppingOnSignals: true) { address in
                StandardOutput.line(assembly.announcement(listeningOn: address))
            }
        } catch let error as StoreURL.Invalid {
            throw ExitCode(SettingsError.exitCode).saying("\(settings.storeLabel): \(error)")
        } catch let error as StartError {
            throw ExitCode.unavailable.saying(error.description)
        }
    }
}
