import Dispatch
import RepriseNetwork
import RepriseSimulator

/// `reprise simulate`: an upstream to try the proxy on, without a key and without cost.
enum Simulate {
    /// Answers until a signal says stop.
    ///
    /// - Returns: The exit code.
    static func run(_ options: SimulateOptions) -> Int32 {
        let network = SystemNetwork(loopCount: 1)
        let stop = DispatchSemaphore(value: 0)
        // Trapped before the first line: a signal may come as soon as it is read.
        let watch = network.watch([.terminate, .interrupt]) { _ in stop.signal() }
        do throws(NetworkError) {
            try network.start()
        } catch {
            StandardStreams.complain("the event loop cannot be started: \(error.words)")
            return ExitStatus.unavailable
        }
        defer {
            watch.stop()
            network.stop()
        }
        do throws(SimulatorService.StartError) {
            let upstream = try SimulatorService.start(
                on: network, port: options.port, recordings: options.recordings)
            StandardStreams.write("Simulator listens on \(upstream.origin)\n")
            stop.wait()
            upstream.stop { stop.signal() }
            stop.wait()
            return ExitStatus.success
        } catch {
            switch error {
            case .unusableRecordings(let error):
                StandardStreams.complain("--recordings: \(error)")
                return ExitStatus.usage
            case .notBound(let address, let error):
                StandardStreams.complain("cannot listen on \(address): \(error.words)")
                return ExitStatus.unavailable
            }
        }
    }
}
