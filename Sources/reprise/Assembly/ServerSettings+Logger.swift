import Logging
import RepriseServer
import RepriseStorage

extension ServerSettings {
    /// A logger that writes to standard error as the settings say.
    func makeLogger() -> Logger {
        Logger(label: "reprise") { [logFormat, logLevel] _ in
            LineLogHandler(format: logFormat, level: logLevel, now: WallClock.system.now)
        }
    }
}
