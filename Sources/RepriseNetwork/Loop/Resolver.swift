internal import CLibuv

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Looks names up on threads of its own, because the system's call blocks.
///
/// One look-up a host at a time, however many wait for it; what was found is kept for some seconds.
/// A look-up that is abandoned goes on if it has begun, for the system cannot be stopped, and its
/// thread is free again when the system answers.
final class Resolver: Sendable {
    /// The addresses of a host with port 0, or why there are none.
    typealias Answer = Result<[SocketAddress], NetworkError>

    /// Someone on a loop who waits for an answer.
    struct Waiter {
        let loop: UVEventLoop
        let number: UInt64
    }

    private struct State {
        var known: [String: (addresses: [SocketAddress], until: MonotonicTime)] = [:]
        /// Who waits, by host: the hosts that are queued or being looked up.
        var waiters: [String: [Waiter]] = [:]
        var queue: [String] = []
        var threadCount = 0
        var idleCount = 0
        var isStopped = false
    }

    private static let threadLimit = 4
    private static let queueLimit = 1024
    private static let keptHostLimit = 1024
    private static let keepTime = Duration.seconds(5)

    private let state = Monitor(State())

    /// Asks for the addresses of a host.
    ///
    /// - Returns: The answer if it is known; otherwise nil, and the waiter is told.
    func lookUp(_ host: String, for waiter: Waiter) -> Answer? {
        let (answer, wantsThread): (Answer?, Bool) = state.signal { state in
            if state.isStopped {
                return (.failure(.lookupFailed("the network has stopped")), false)
            }
            if let known = state.known[host] {
                if MonotonicTime.reading < known.until { return (.success(known.addresses), false) }
                state.known[host] = nil
            }
            if state.waiters[host] != nil {
                state.waiters[host]?.append(waiter)
                return (nil, false)
            }
            guard state.queue.count < Self.queueLimit else {
                return (.failure(.lookupFailed("too many look-ups wait")), false)
            }
            state.waiters[host] = [waiter]
            state.queue.append(host)
            let wantsThread =
                state.idleCount < state.queue.count && state.threadCount < Self.threadLimit
            if wantsThread { state.threadCount += 1 }
            return (nil, wantsThread)
        }
        if wantsThread { startThread() }
        return answer
    }

    /// Takes a waiter out. A look-up for which nobody waits is not begun.
    func abandon(_ host: String, number: UInt64, on loop: UVEventLoop) {
        state.withLock { state in
            state.waiters[host]?.removeAll { $0.number == number && $0.loop === loop }
            guard state.waiters[host]?.isEmpty == true,
                let place = state.queue.firstIndex(of: host)
            else { return }
            state.queue.remove(at: place)
            state.waiters[host] = nil
        }
    }

    /// Ends the threads, those that wait for the system once it has answered.
    func stop() {
        state.signal { state in
            state.isStopped = true
            state.queue = []
            state.waiters = [:]
        }
    }

    private func startThread() {
        do throws(NetworkError) {
            try SystemThread.start(named: "resolver") { self.answerAll() }.detach()
        } catch {
            // The threads that there are go on; without any, nobody would answer.
            let unanswered = state.withLock { state in
                state.threadCount -= 1
                guard state.threadCount == 0 else { return [(String, [Waiter])]() }
                defer { state.queue = [] }
                return state.queue.map { ($0, state.waiters.removeValue(forKey: $0) ?? []) }
            }
            for (_, waiters) in unanswered {
                tell(waiters, .failure(.lookupFailed("no thread is left for it")))
            }
        }
    }

    private func answerAll() {
        while let host = nextHost() {
            let answer = systemAnswer(for: host)
            let waiters = state.withLock { state in
                if case .success(let addresses) = answer {
                    // Which ones are dropped does not matter: they are a few seconds old.
                    if state.known.count >= Self.keptHostLimit { state.known = [:] }
                    state.known[host] = (addresses, MonotonicTime.reading + Self.keepTime)
                }
                return state.waiters.removeValue(forKey: host) ?? []
            }
            tell(waiters, answer)
        }
    }

    private func nextHost() -> String? {
        state.wait { state in
            guard !state.isStopped else { return .done(nil) }
            guard !state.queue.isEmpty else {
                state.idleCount += 1
                return .waitForSignal
            }
            return .done(state.queue.removeFirst())
        } afterWaiting: { state in
            state.idleCount -= 1
        }
    }

    private func tell(_ waiters: [Waiter], _ answer: Answer) {
        for waiter in waiters {
            let (loop, number) = (waiter.loop, waiter.number)
            loop.post { loop.finishLookup(number, with: answer) }
        }
    }
}

/// Asks the system for the addresses of a host; blocks.
private func systemAnswer(for host: String) -> Resolver.Answer {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    #if canImport(Darwin)
        hints.ai_socktype = SOCK_STREAM
    #else
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    #endif
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host, nil, &hints, &list)
    defer { if let list { freeaddrinfo(list) } }
    guard status == 0 else {
        if status == EAI_NONAME || isNoData(status) { return .failure(.unknownHost) }
        return .failure(.lookupFailed(gai_strerror(status).map { String(cString: $0) } ?? ""))
    }
    var addresses: [SocketAddress] = []
    var next = list
    while let entry = next {
        next = entry.pointee.ai_next
        guard let address = entry.pointee.ai_addr else { continue }
        let length = min(Int(entry.pointee.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
        var storage = sockaddr_storage()
        withUnsafeMutableBytes(of: &storage) {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: length))
        }
        if let found = SocketAddress(storage), !addresses.contains(found) {
            addresses.append(found)
        }
    }
    return addresses.isEmpty ? .failure(.unknownHost) : .success(addresses)
}

/// Whether the name exists without an address: glibc's `EAI_NODATA`, which is hidden behind a macro.
private func isNoData(_ status: Int32) -> Bool {
    #if canImport(Darwin)
        status == EAI_NODATA
    #else
        status == -5
    #endif
}
