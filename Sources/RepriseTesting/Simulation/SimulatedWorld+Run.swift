public import RepriseNetwork

extension SimulatedWorld {
    /// Lets the next event happen, however far its time is.
    ///
    /// - Returns: False when none is left.
    @discardableResult
    public func step() -> Bool { state.step(until: .max) }

    /// Lets all happen that is due up to a moment; after it, the time is that moment.
    public func run(until moment: MonotonicTime) {
        while state.step(until: moment.nanoseconds) {}
        state.time = max(state.time, moment.nanoseconds)
    }

    /// Lets all happen that is due within a duration from now.
    public func run(for duration: Duration) { run(until: now + duration) }

    /// Lets things happen until a condition holds, which is looked at before each event.
    ///
    /// - Parameter limit: How much virtual time is given.
    /// - Returns: Whether the condition holds.
    public func run(limit: Duration = .seconds(3600), until condition: () -> Bool) -> Bool {
        let end = (now + limit).nanoseconds
        while !condition() {
            if !state.step(until: end) {
                // Nothing more is due: the time that was given is spent waiting.
                if state.queue.count > 0 { state.time = max(state.time, end) }
                return condition()
            }
        }
        return true
    }

    /// Lets things happen until nothing is left to happen.
    ///
    /// - Parameter limit: How much virtual time is given.
    /// - Returns: Whether nothing is left; false when the time was over before.
    @discardableResult
    public func runUntilIdle(limit: Duration = .seconds(3600)) -> Bool {
        let end = (now + limit).nanoseconds
        while state.step(until: end) {}
        return state.queue.count == 0
    }
}

extension WorldState {
    func step(until limit: Int64) -> Bool {
        precondition(!isRunning, "a world is not run from inside one of its events")
        while let (due, event) = queue.next(until: limit) {
            time = max(time, due)
            guard let loop = event.loop else {
                record(code: event.code)
                isRunning = true
                event.target.fire(event.code)
                isRunning = false
                return true
            }
            if loop.isStopped { continue }
            if loop.busyUntil > time {
                queue.add(event.target, code: event.code, loop: loop, time: loop.busyUntil)
                if loop.busyUntil > limit { return true }
                continue
            }
            record(code: event.code)
            loop.runTurn { event.target.fire(event.code) }
            return true
        }
        return false
    }

    @inline(__always)
    private func record(code: Int) {
        eventCount &+= 1
        fingerprint =
            (fingerprint ^ UInt64(bitPattern: time) ^ UInt64(code) << 56)
            &* 0x9E37_79B9_7F4A_7C15
        fingerprint ^= fingerprint >> 29
    }
}
