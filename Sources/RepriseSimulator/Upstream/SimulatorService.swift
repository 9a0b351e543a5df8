public import RepriseNetwork

/// What `reprise simulate` runs: an upstream on 127.0.0.1 that says at `/simulator/calls` how many
/// calls it had.
public enum SimulatorService {
    /// Binds a port, and answers from then on, until the upstream is stopped.
    ///
    /// - Parameters:
    ///   - network: Where it listens; it runs for as long as the service does.
    ///   - port: The port of 127.0.0.1; 0 picks a free one.
    ///   - recordings: Paths of files to answer from (``RecordedTraffic``); with none the answers
    ///     are made up.
    public static func start(
        on network: any Network, port: UInt16, recordings: [String] = []
    ) throws(StartError) -> SimulatedUpstream {
        let script: Script
        do throws(RecordedTraffic.LoadError) {
            script = recordings.isEmpty ? .builtIn() : try RecordedTraffic(paths: recordings).script
        } catch {
            throw .unusableRecordings(error)
        }
        let address = SimulatedUpstream.loopback(port: port)
        do throws(NetworkError) {
            return try .start(on: network, at: address, countingCalls(script), keepingLast: 16)
        } catch {
            throw .notBound(address, error)
        }
    }

    /// The same script, which says at `/simulator/calls` how many calls it had.
    private static func countingCalls(_ script: Script) -> Script {
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
    public enum StartError: Error, Equatable {
        /// A file of recordings cannot be used: a mistake in the command line.
        case unusableRecordings(RecordedTraffic.LoadError)
        /// The address cannot be bound, such as because another process listens there.
        case notBound(SocketAddress, NetworkError)
    }
}
