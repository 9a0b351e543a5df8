#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif
import Foundation

/// How many cores this process may use.
enum AvailableCores {
    /// How many loops serve unless a setting says otherwise: what else runs here needs a core too.
    static var standardLoops: Int { max(1, count - 1) }

    /// The number that affinity and, on Linux, the quota of the control group allow; at least one.
    static var count: Int {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        return max(1, min(cores, quota ?? cores))
    }

    /// The quota of the control group (`cpu.max`: microseconds a period, then the period), rounded up.
    private static var quota: Int? {
        guard let text = try? String(contentsOfFile: "/sys/fs/cgroup/cpu.max", encoding: .utf8)
        else {
            // No control group, or none with a quota.
            return nil
        }
        let parts = text.split(whereSeparator: \.isWhitespace).map { Int($0) }
        guard parts.count == 2, let quota = parts[0], let period = parts[1], period > 0 else {
            return nil
        }
        return (quota + period - 1) / period
    }
}
