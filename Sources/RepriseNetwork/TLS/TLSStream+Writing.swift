extension TLSStream {
    /// Encrypts at the end of this turn, so that all that it writes shares records.
    func encryptAfterThisTurn() {
        guard !isEncryptionDue else { return }
        isEncryptionDue = true
        loop.afterThisTurn { [self] in
            isEncryptionDue = false
            encrypt()
        }
    }

    /// Encrypts while the stream below takes more, then ends what is to be ended.
    func encrypt() {
        guard phase == .open || phase == .closing, !hasEndedWriting else { return }
        if let lowerCloseReason { return finish(lowerCloseReason) }
        guard let engine else { return }
        while !queue.isEmpty, lower.unsentByteCount <= ByteStreamLimits.lowWaterMark {
            var outcome = TLSEngine.WriteOutcome.incomplete
            queue.takeRecord { bytes in
                outcome = engine.write(bytes)
                guard case .taken(let count) = outcome else { return 0 }
                return count
            }
            drainOutgoing()
            switch outcome {
            case .taken: countRecord(engine)
            case .incomplete: return
            case .failed(let failure): return finish(.tls(failure))
            }
        }
        if queue.isEmpty {
            engine.releaseBuffers()
            endWriting(engine)
        }
        announceDrained()
    }

    private func countRecord(_ engine: TLSEngine) {
        recordCount += 1
        guard recordCount >= recordsForKeys else { return }
        recordCount = 0
        engine.updateKeys(askingPeer: false)
    }

    private func endWriting(_ engine: TLSEngine) {
        guard writeEnd != .none else { return }
        hasEndedWriting = true
        if writeEnd != .cut {
            engine.end()
            drainOutgoing()
        }
        switch writeEnd {
        case .none: return
        case .finish:
            if hasEndedReading {
                closeLower()
            } else {
                lower.finishWriting()
            }
        case .close:
            self.engine = nil
            closeLower()
        case .cut:
            self.engine = nil
            hasLeftLower = true
            lower.closeWithoutEnd()
        }
    }

    /// Closes the stream below after this side has ended.
    func closeLower() {
        hasLeftLower = true
        lower.close()
    }

    /// Tells the receiver that it may write again, if it is owed that.
    func announceDrained() {
        guard isAboveMark, unsentByteCount <= ByteStreamLimits.lowWaterMark else { return }
        isAboveMark = false
        if phase == .open { receiver?.streamDrained() }
    }
}
