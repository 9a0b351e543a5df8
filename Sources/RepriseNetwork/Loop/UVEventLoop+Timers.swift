internal import CLibuv

extension UVEventLoop {
    func schedule(after delay: Duration, _ action: @escaping () -> Void) -> any LoopTimer {
        scheduleTimer(after: delay, action)
    }

    /// ``schedule(after:_:)`` without the box.
    func scheduleTimer(after delay: Duration, _ action: @escaping () -> Void) -> HeapTimer {
        assert(isCurrent, "a loop is used on its own thread")
        timerSequence += 1
        let timer = HeapTimer(
            deadline: now + max(delay, .zero), sequence: timerSequence, loop: self, action: action)
        // Nothing runs any more on a loop that ends.
        if isEnding { timer.cancel() } else { timers.insert(timer) }
        return timer
    }

    /// Sets the one libuv timer. It is not set anew when the first timer is cancelled: then it runs
    /// out early once, which costs less than setting it for each change.
    func armTimer(for deadline: MonotonicTime) {
        guard !isEnding else { return }
        uv_update_time(raw)
        let wait = max(0, deadline.nanoseconds &- MonotonicTime.reading.nanoseconds)
        // At least 1 ms: libuv 1.44 runs a timer of 0 again and again before it looks at a socket.
        let milliseconds = max(1, wait / 1_000_000 + (wait % 1_000_000 > 0 ? 1 : 0))
        armedDeadline = deadline
        uv_timer_start(timerHandle, timerCallback, UInt64(milliseconds), 0)
    }

    /// Runs what is due, each in a turn of its own; what that adds waits for the next pass.
    fileprivate func runTimers() {
        armedDeadline = nil
        let time = MonotonicTime.reading
        let limit = timerSequence
        while let first = timers.first, first.deadline <= time, first.sequence <= limit {
            timers.remove(first)
            // The turn must not set the timer anew for each of those that are due.
            armedDeadline = time
            if let action = first.takeAction() { turn(action) }
        }
        armedDeadline = nil
        if let first = timers.first { armTimer(for: first.deadline) }
    }
}

private func timerCallback(_ handle: UnsafeMutablePointer<uv_timer_t>?) {
    loopOwner(handle?.pointee.loop)?.runTimers()
}
