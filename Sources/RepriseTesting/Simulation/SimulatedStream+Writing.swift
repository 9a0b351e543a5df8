internal import RepriseNetwork

extension SimulatedStream {
    /// Writes bytes; they leave at the end of the turn as far as the socket has room.
    public func write(_ bytes: Span<UInt8>) {
        simulatedLoop.requireTurn()
        guard phase == .open, writeEnd == .none, !bytes.isEmpty else { return }
        outgoing.append(bytes)
        if outgoing.count > ByteStreamLimits.lowWaterMark { isAboveMark = true }
        markDirty()
    }

    /// Writes bytes, as ``write(_:)``.
    public func write(keeping bytes: [UInt8]) { write(bytes.span) }

    /// Bytes that were written and that the socket has not taken.
    public var unsentByteCount: Int { outgoing.count }

    /// Bytes that the socket has taken since the beginning.
    public var sentByteCount: Int64 { sentCount }

    /// Ends this side's bytes behind those that are written.
    public func finishWriting() {
        simulatedLoop.requireTurn()
        guard phase == .open, writeEnd == .none else { return }
        writeEnd = .asked
        markDirty()
    }

    func markDirty() {
        if !isDirty {
            isDirty = true
            simulatedLoop.flushAtEndOfTurn(self)
        }
    }

    /// Gives the socket what it has room for. Calls nobody.
    func flush() {
        isDirty = false
        guard phase != .closed else { return }
        if resetArrived {
            // A write shows what a paused read does not.
            if phase == .closing || currentlyBlind {
                finish(phase == .closing ? .closedHere : .reset)
            }
            return
        }
        var count = min(outgoing.count, room)
        if count > 1, chance(world.faults.shortWriteProbability) {
            count = 1 + random.number(below: count)
            if count < outgoing.count { scheduleWritable() }
        }
        if count > 0 { send(count) }
        if outgoing.isEmpty, writeEnd == .asked {
            writeEnd = .sent
            world.note("\(name) sends its end")
            if !isSevered { otherEnd?.expect(Piece(count: 0, isEnd: true), after: 0) }
            if phase == .open, endDelivered { finish(.ended) }
        }
        settleClosing()
        if isAboveMark, !isDrainScheduled, outgoing.count <= ByteStreamLimits.lowWaterMark {
            isDrainScheduled = true
            add(.drained)
        }
    }

    /// Whether a reset has come that reading does not show.
    private var currentlyBlind: Bool { isPaused || receiver == nil }

    private var room: Int {
        guard let peer = otherEnd else { return capacity }
        if isSevered { return max(0, peer.capacity - peer.incoming.count - stranded) }
        return peer.phase == .closed ? peer.capacity : max(0, peer.capacity - peer.incoming.count)
    }

    private func send(_ count: Int) {
        sentCount += Int64(count)
        world.note("\(name) sends \(count)")
        drawFate()
        guard let peer = otherEnd, !isSevered else {
            outgoing.removeFirst(count)
            stranded += count
            scheduleSilence()
            return
        }
        if peer.phase == .closed {
            // Nobody holds the other socket any more: what arrives there is answered by a reset.
            outgoing.removeFirst(count)
            peer.expect(Piece(count: count, isEnd: false), after: 0)
            return
        }
        peer.incoming.move(count, from: &outgoing)
        peer.expectPieces(of: count)
    }

    private func drawFate() {
        if chance(world.faults.resetProbability) {
            breakDown()
        } else if chance(world.faults.severProbability) {
            sever()
        } else if chance(world.faults.stallProbability) {
            otherEnd?.stall(for: .nanoseconds(world.draw(world.faults.stall)))
        }
    }

    private func scheduleWritable() {
        if !isWritableScheduled {
            isWritableScheduled = true
            add(.writable, after: world.draw(world.faults.wireDelay))
        }
    }

    /// The other end has read: there is room again, which this end learns a little later.
    func roomHasCome() {
        if !outgoing.isEmpty, phase != .closed { scheduleWritable() }
    }

    func tellDrained() {
        isDrainScheduled = false
        guard phase == .open, isAboveMark, outgoing.count <= ByteStreamLimits.lowWaterMark else {
            return
        }
        isAboveMark = false
        receiver?.streamDrained()
    }
}
