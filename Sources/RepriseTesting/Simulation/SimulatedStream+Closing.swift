internal import RepriseNetwork

extension SimulatedStream {
    /// Sends what is written, ends this side, discards what comes for a short time, then closes.
    /// Unread bytes do not destroy what was sent.
    public func close() {
        simulatedLoop.requireTurn()
        guard phase == .open else { return }
        if resetArrived { return finish(.closedHere) }
        phase = .closing
        if writeEnd == .none { writeEnd = .asked }
        discardArrived()
        markDirty()
    }

    /// Closes as ``close()`` does, for there is no TLS on this wire.
    public func closeWithoutEnd() { close() }

    /// Closes at once with a reset; what was not sent, and what has not arrived, is lost.
    public func abort() {
        simulatedLoop.requireTurn()
        guard phase != .closed else { return }
        world.note("\(name) aborts")
        resetPeer()
        finish(.closedHere)
    }

    // MARK: What the world does to a connection

    /// Breaks the connection: each end gets a reset in its own time.
    public func breakDown() {
        world.note("\(name) breaks")
        resetPeer()
        otherEnd?.resetPeer()
    }

    /// Lets neither end hear of the other any more. An end that has sent something learns after 924
    /// seconds that nobody confirms it.
    public func sever() {
        guard !isSevered else { return }
        world.note("\(name) is severed")
        for end in [self, otherEnd] {
            guard let end else { continue }
            end.isSevered = true
            end.pieces.removeAll()
            end.stranded = 0
            end.scheduleRead()
            let unconfirmed = end.otherEnd.map { $0.incoming.count > $0.arrived } ?? false
            if unconfirmed || !end.outgoing.isEmpty { end.scheduleSilence() }
        }
    }

    /// Takes this end away without a word: its receiver hears nothing more, and the other end neither.
    public func vanish() {
        sever()
        remove()
    }

    /// Ends this end as the system does for a process that has died: a reset for the other end, and
    /// nobody here to be told.
    func die() {
        resetPeer()
        remove()
    }

    private func remove() {
        guard !isGone else { return }
        phase = .closed
        letGo()
        receiverIsGone()
    }

    // MARK: Resets and silence

    /// Sends a reset to the other end.
    func resetPeer() {
        guard let peer = otherEnd, !isSevered, peer.phase != .closed, !peer.resetOnItsWay else {
            return
        }
        peer.resetOnItsWay = true
        let delay = world.draw(world.faults.wireDelay)
        peer.add(.resetArrives, after: max(delay, peer.stalledUntil - world.time))
    }

    func resetComes() {
        guard phase != .closed, !isSevered else { return }
        resetArrived = true
        pieces.removeAll()
        if !chance(world.faults.resetKeepsBytesProbability) {
            arrived = 0
            endArrived = endDelivered
        }
        incoming.truncate(to: arrived)
        world.note("\(name) gets a reset")
        if phase == .closing {
            finish(.closedHere)
        } else if !isPaused, hasReceiver {
            deliver()
            scheduleRead()
        } else if hasReceiver,
            !outgoing.isEmpty || chance(world.faults.resetShowsWhilePausedProbability)
        {
            finish(.reset)
        }
    }

    func scheduleSilence() {
        guard !isSilenceScheduled, phase != .closed else { return }
        isSilenceScheduled = true
        add(.silenceOver, after: Self.silenceLimit.wholeNanoseconds)
    }

    func silenceOver() {
        if phase != .closed { finish(phase == .closing ? .closedHere : .reset) }
    }

    // MARK: The end

    /// Goes on with a close: once this side's end is sent, it waits for the other's for a time.
    func settleClosing() {
        guard phase == .closing, writeEnd == .sent else { return }
        if endArrived || resetArrived || otherEnd.map({ $0.phase == .closed }) ?? true {
            finish(.closedHere)
        } else if !isLingering {
            isLingering = true
            add(.lingerOver, after: Self.lingerTime.wholeNanoseconds)
        }
    }

    /// Closes; the receiver is told in a turn of its own.
    func finish(_ reason: StreamCloseReason) {
        guard phase != .closed else { return }
        phase = .closed
        closeReason = reason
        outgoing.removeAll()
        if !isDelivering { incoming.removeAll() }
        arrived = 0
        add(.closed)
    }

    func tellClosed() {
        guard !isGone else { return }
        world.note("\(name) closed: \(closeReason)")
        letGo()
        let receiver = receiver
        receiverIsGone()
        receiver?.streamClosed(closeReason)
    }

    private func letGo() {
        isGone = true
        outgoing.removeAll()
        incoming.removeAll()
        arrived = 0
        simulatedLoop.host.closed(self)
        if isAccepted { listener?.connectionClosed() }
        listener = nil
        if let peer = otherEnd, peer.isGone {
            peer.otherEnd = nil
            otherEnd = nil
        }
    }
}
