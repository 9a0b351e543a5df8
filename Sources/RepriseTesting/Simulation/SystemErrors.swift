#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif
internal import RepriseNetwork

extension NetworkError {
    static let connectionRefused = NetworkError.system(
        code: ECONNREFUSED, reason: "Connection refused")
    static let connectionTimedOut = NetworkError.system(
        code: ETIMEDOUT, reason: "Connection timed out")
    static let addressInUse = NetworkError.system(
        code: EADDRINUSE, reason: "Address already in use")
    static let addressNotAvailable = NetworkError.system(
        code: EADDRNOTAVAIL, reason: "Cannot assign requested address")
}

/// The bytes of an address in text form; nil when it is none.
func addressBytes(ofText text: String) -> [UInt8]? {
    if text.utf8.contains(0) { return nil }
    var bytes = [UInt8](repeating: 0, count: 16)
    if inet_pton(AF_INET, text, &bytes) == 1 { return Array(bytes[..<4]) }
    return inet_pton(AF_INET6, text, &bytes) == 1 ? bytes : nil
}
