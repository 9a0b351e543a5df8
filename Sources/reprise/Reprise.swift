#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The command; `reprise` alone means `reprise serve`.
@main
enum Reprise {
    static func main() {
        SignalMask.letStopSignalsThrough()
        exit(run(Array(CommandLine.arguments.dropFirst())))
    }

    /// Does what the words behind the program's name say.
    ///
    /// - Returns: The exit code.
    static func run(_ words: [String]) -> Int32 {
        do throws(UsageError) {
            switch try Command.read(words) {
            case .show(let text):
                StandardStreams.write(text)
                return ExitStatus.success
            case .serve(let flags): return Serve.run(flags: flags, in: .ofProcess())
            case .demo: return Demo.run()
            case .simulate(let options): return Simulate.run(options)
            }
        } catch {
            StandardStreams.complain(error.message)
            return ExitStatus.usage
        }
    }
}
