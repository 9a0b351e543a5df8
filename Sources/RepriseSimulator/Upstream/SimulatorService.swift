public import RepriseNetwork

/// What `reprise simulate` runs: an upstream on 127.0.0.1 that says at `/simulator/calls` how many
/// calls it had.
public enum SimulatorService {
    /// Where it listens unless told otherwise.
    public static let defaultListen = "127.0.0.1:8790"

    /// Binds the address, and answers from then on, until it is stopped.
    ///
    /// - Parameters:
    ///   - network: Where it listens; it runs for as long as the service does.
    ///   - listen: `127.0.0.1:PORT`; port 0 picks a free one.
    ///   - recordings: Paths of files to answer from (``RecordedTraffic``); with none the answers
    ///     are made up.
    /// - Throws: Why it cannot be started, in the words of the command line.
    public static func start(
        on network: any Network, listen: String = defaultListen, recordings: [String] = []
    ) throws(StartError) -> SimulatedUpstream {
        guard let address = SocketAddress(listen), address.bytes == [127, 0, 0, 1] else {
            throw .wrongAddress(listen)
        }
        let script: Script
        do throws(RecordedTraffic.LoadError) {
            script = recordings.isEmpty ? .builtIn() : try RecordedTraffic(paths: recordings).script
        } catch {
            throw .wrongRecordings(error)
        }
        do throws(NetworkError) {
            return try .start(on: network, at: address, countingCalls(script), keepingLast: 16)
        } catch {
            throw .notBound(listen, error)
        }
    }

    /// What the command prints once it listens.
    public static func announcement(of upstream: SimulatedUpstream) -> String {
        "Simulator listens on \(upstream.origin)"
    }

    /// The same script, which says at `/simulator/calls` how many calls it had.
    static func countingCalls(_ script: Script) -> Script {
        let total = CountSignal()
        return Script { request in
            if request.path == "/simulator/calls" {
                return .json("{\"total\":\(total.count)}")
            }
            total.increment()
            return script.response(to: request)
        }
    }
}

extension SimulatorService {
    /// Why the service cannot be started.
    public enum StartError: Error, Equatable, CustomStringConvertible {
        /// The text names no address of 127.0.0.1: a mistake in the command.
        case wrongAddress(String)
        /// A file of recordings cannot be used: a mistake in the command.
        case wrongRecordings(RecordedTraffic.LoadError)
        /// The address cannot be bound, such as because another process listens there.
        case notBound(String, NetworkError)

        /// Whether the command line is wrong (exit code 64), rather than the machine not ready (69).
        public var isUsageError: Bool {
            switch self {
            case .wrongAddress, .wrongRecordings: true
            case .notBound: false
            }
        }

        /// What is wrong, where, and what to do.
        public var description: String {
            switch self {
            case .wrongAddress(let text):
                "--listen: \"\(text)\" is not an address of the simulator; "
                    + "write \(SimulatorService.defaultListen)"
            case .wrongRecordings(let error): "--recordings: \(error)"
            case .notBound(let text, .system(_, let reason)): "cannot listen on \(text): \(reason)"
            case .notBound(let text, let error): "cannot listen on \(text): \(error)"
            }
        }
    }
}
