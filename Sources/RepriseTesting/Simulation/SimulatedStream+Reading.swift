internal import RepriseNetwork

extension SimulatedStream {
    /// Delivers nothing until ``resumeReading()``.
    public func pauseReading() {
        simulatedLoop.requireTurn()
        isPaused = true
    }

    /// Delivers again, in a later turn.
    public func resumeReading() {
        simulatedLoop.requireTurn()
        guard isPaused else { return }
        isPaused = false
        scheduleRead()
    }

    // MARK: On the wire

    /// Splits bytes that the other end has sent into pieces, each with its time.
    func expectPieces(of count: Int) {
        let cuts: Int
        if isByteByByte {
            cuts = min(count, 512) - 1
        } else if count > 1, chance(world.faults.splitProbability) {
            cuts = 1 + random.number(below: min(7, count - 1))
        } else {
            return expect(Piece(count: count, isEnd: false), after: 0)
        }
        var rest = count
        for left in stride(from: cuts, to: 0, by: -1) {
            // Each piece leaves at least a byte for those behind it.
            let size = isByteByByte && count <= 512 ? 1 : 1 + random.number(below: rest - left)
            expect(Piece(count: size, isEnd: false), after: Int64(random.number(below: 50_000)))
            rest -= size
        }
        expect(Piece(count: rest, isEnd: false), after: 0)
    }

    /// A piece that comes behind all that are expected.
    func expect(_ piece: Piece, after delay: Int64) {
        let drawn = world.time + world.draw(world.faults.wireDelay) + delay
        lastArrival = max(lastArrival, drawn, stalledUntil)
        pieces.append(piece)
        add(.pieceArrives, after: lastArrival - world.time)
    }

    func pieceArrives() {
        if stalledUntil > world.time {
            return add(.pieceArrives, after: stalledUntil - world.time)
        }
        // Pieces that a reset has destroyed leave their events behind.
        guard let piece = pieces.popFirst(), !isSevered else { return }
        if phase == .closed {
            if piece.count > 0 { resetPeer() }
            return
        }
        arrived += piece.count
        if piece.isEnd { endArrived = true }
        if phase == .closing {
            discardArrived()
            settleClosing()
        } else if piece.isEnd || pieces.isEmpty
            || !chance(world.faults.coalesceProbability)
        {
            deliver()
        }
    }

    /// Lets the bytes that come to this end stand still for a time.
    public func stall(for duration: Duration) {
        stalledUntil = max(stalledUntil, (world.now + duration).nanoseconds)
        world.note("\(name) gets nothing until \(MonotonicTime(nanoseconds: stalledUntil).spelled)")
    }

    // MARK: To the receiver

    func scheduleRead() {
        guard !isReadScheduled, phase == .open, !isPaused, hasNews else { return }
        isReadScheduled = true
        add(.readable)
    }

    private var hasNews: Bool { arrived > 0 || resetArrived || (endArrived && !endDelivered) }

    /// Delivers one thing: bytes, else a reset, else the end.
    func deliver() {
        guard phase == .open, !isPaused, !isDelivering, let receiver else { return }
        if arrived > 0 {
            deliverBytes(to: receiver)
        } else if resetArrived {
            finish(.reset)
        } else if endArrived, !endDelivered {
            endDelivered = true
            world.note("\(name) gets the end")
            receiver.streamEnded()
            if phase == .open, writeEnd == .sent { finish(.ended) }
        }
    }

    private func deliverBytes(to receiver: any ByteStreamReceiver) {
        var count = min(arrived, max(1, readLimit))
        if count > 1, chance(world.faults.shortReadProbability) {
            count = 1 + random.number(below: count)
        }
        world.note("\(name) gets \(count)")
        // Taken out, so that what the receiver does to the stream does not touch the bytes it reads.
        var bytes = ByteQueue()
        swap(&bytes, &incoming)
        isDelivering = true
        receiver.streamReceived(bytes.storage.span.extracting(bytes.front..<bytes.front + count))
        isDelivering = false
        guard phase != .closed else { return }
        bytes.removeFirst(count)
        swap(&bytes, &incoming)
        arrived -= count
        otherEnd?.roomHasCome()
        if phase == .closing {
            discardArrived()
        } else {
            scheduleRead()
        }
    }

    func discardArrived() {
        guard arrived > 0, !isDelivering else { return }
        incoming.removeFirst(arrived)
        arrived = 0
        otherEnd?.roomHasCome()
    }
}
