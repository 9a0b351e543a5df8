internal import CLibuv

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

extension NetworkError {
    /// The error of an `errno`, with the system's text.
    static func ofSystem(_ code: Int32) -> NetworkError {
        .system(code: code, reason: systemErrorText(code))
    }

    /// The error of a negative libuv status, which on Unix is a negated `errno`.
    static func ofLoop(_ status: Int32) -> NetworkError { ofSystem(-status) }
}

extension StreamCloseReason {
    /// How a stream ends on which a negative libuv status came up.
    static func ofLoop(_ status: Int32) -> StreamCloseReason {
        switch -status {
        case ECONNRESET, EPIPE, ETIMEDOUT, ECONNABORTED: .reset
        case let code: .system(code: code, reason: systemErrorText(code))
        }
    }
}

/// The system's text for an `errno`, such as `Connection refused`.
private func systemErrorText(_ code: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
        guard let base = buffer.baseAddress else { return "error \(code)" }
        base.pointee = 0
        guard strerror_r(code, base, buffer.count) == 0 else { return "error \(code)" }
        return String(cString: base)
    }
}
