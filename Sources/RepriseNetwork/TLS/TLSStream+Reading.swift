extension TLSStream {
    /// The most bytes that may be unsent below while more is read: beyond it, the peer makes OpenSSL
    /// answer (key updates) and does not read the answers.
    static let answerLimit = 4 * ByteStreamLimits.lowWaterMark

    private var mayDeliver: Bool {
        phase == .open && !isPaused && receiver != nil && !hasEndedReading
    }

    /// Whether something of the peer waits to be delivered.
    private var hasUndelivered: Bool {
        if heldEnd != nil { return true }
        guard let engine, !hasEndedReading else { return false }
        return engine.unreadByteCount > 0 || lowerHasEnded
    }

    /// Lets the stream below read or not, and delivers what waits if that is allowed now.
    func adjustReading() {
        switch phase {
        case .handshaking, .closed: return
        case .closing: lower.resumeReading()
        case .open:
            guard mayDeliver || hasEndedReading else { return lower.pauseReading() }
            lower.resumeReading()
            if mayDeliver && (hasUndelivered || lowerCloseReason != nil) { deliverAfterThisTurn() }
        }
    }

    private func deliverAfterThisTurn() {
        guard !isDeliveryDue, !isDelivering else { return }
        isDeliveryDue = true
        loop.afterThisTurn { [self] in
            isDeliveryDue = false
            deliver()
            engine?.releaseBuffers()
        }
    }

    /// Takes ciphertext, one record's length at a time, so that little of it is held twice.
    func takeCiphertext(_ bytes: Span<UInt8>) {
        var start = 0
        while start < bytes.count {
            guard phase == .open, !hasEndedReading, heldEnd == nil, let engine else { return }
            let isStopped = !mayDeliver || isDelivering
            let end = isStopped ? bytes.count : min(start + TLSEngine.recordLimit, bytes.count)
            engine.feed(bytes.extracting(start..<end))
            start = end
            if !isStopped { deliver() }
        }
        if !isDelivering { engine?.releaseBuffers() }
    }

    /// Decrypts and delivers until nothing is left, or the receiver wants no more.
    func deliver() {
        guard !isDelivering, mayDeliver else { return }
        isDelivering = true
        deliverAll()
        isDelivering = false
        // What a receiver brought about while it was called.
        if mayDeliver && hasUndelivered { deliverAfterThisTurn() }
    }

    private func deliverAll() {
        // Made for each delivery: an idle connection keeps no memory, and a receiver that brings
        // about another delivery meets another buffer.
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: TLSEngine.recordLimit, alignment: 16)
        defer { buffer.deallocate() }
        while mayDeliver, let engine {
            var filled = 0
            let outcome = fill(buffer, &filled, from: engine)
            drainOutgoing()
            if filled > 0 {
                let bytes = UnsafeRawBufferPointer(buffer).bindMemory(to: UInt8.self)
                receiver?.streamReceived(bytes.extracting(..<filled).span)
            }
            guard settle(outcome) else { return }
        }
    }

    /// Joins small records, which saves calls.
    private func fill(
        _ buffer: UnsafeMutableRawBufferPointer, _ filled: inout Int, from engine: TLSEngine
    ) -> TLSEngine.ReadOutcome {
        if let heldEnd { return heldEnd }
        while filled < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let outcome = engine.read(into: rest)
            guard case .bytes(let count) = outcome else { return outcome }
            filled += count
        }
        return .bytes(filled)
    }

    /// Acts on what followed the bytes that were delivered.
    ///
    /// - Returns: Whether there may be more to deliver.
    private func settle(_ outcome: TLSEngine.ReadOutcome) -> Bool {
        guard phase == .open else { return false }
        switch outcome {
        case .bytes: return true
        case .ended, .failed:
            // Comes after the bytes, and waits as they would if the receiver has paused meanwhile.
            heldEnd = outcome
            guard mayDeliver else { return false }
            heldEnd = nil
            if case .failed(let failure) = outcome {
                finish(.tls(failure))
            } else {
                endReading()
            }
            return false
        case .incomplete:
            if lower.unsentByteCount > Self.answerLimit {
                finish(.tls(.failed("the peer does not read the answers it asks for")))
            } else if mayDeliver && lowerHasEnded {
                finish(.truncated)
            } else if mayDeliver, let lowerCloseReason {
                finish(lowerCloseReason)
            }
            return false
        }
    }

    private func endReading() {
        hasEndedReading = true
        lower.resumeReading()
        receiver?.streamEnded()
        guard phase == .open else { return }
        if let lowerCloseReason {
            finish(lowerCloseReason)
        } else if hasEndedWriting {
            // Nothing is to come but the peer's FIN.
            closeLower()
        }
    }

    /// Takes the end of the stream below.
    func takeLowerClose(_ reason: StreamCloseReason) {
        guard lowerCloseReason == nil else { return }
        // What both sides have ended was closed by nobody's will but both.
        let haveBothEnded = hasEndedReading && hasEndedWriting && phase == .open
        let reason = haveBothEnded && reason == .closedHere ? .ended : reason
        lowerCloseReason = reason
        guard phase == .open else { return finish(reason) }
        // Told once there is somebody to tell.
        if receiver == nil { return }
        // Bytes that came before the end are delivered before it, unless something waits to be sent,
        // whose writer must know.
        if hasUndelivered && !mayDeliver && queue.isEmpty { return }
        if hasUndelivered && mayDeliver { return deliverAfterThisTurn() }
        finish(hasEndedReading || reason != .ended ? reason : .truncated)
    }
}
