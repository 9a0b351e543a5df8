import Testing

@testable import RepriseNetwork

/// Receivers that act on their stream from within what it tells them.
struct TLSReentranceTests {
    enum Act: CaseIterable {
        case close
        case closeWithoutEnd
        case abort
        case finishWriting
        case removeReceiver
        case pauseAndResume
        case write
    }

    private static func perform(_ act: Act, on stream: TLSStream) {
        switch act {
        case .close: stream.close()
        case .closeWithoutEnd: stream.closeWithoutEnd()
        case .abort: stream.abort()
        case .finishWriting: stream.finishWriting()
        case .removeReceiver: stream.receiver = nil
        case .pauseAndResume:
            stream.pauseReading()
            stream.resumeReading()
        case .write: stream.write([1, 2, 3].span)
        }
    }

    @Test(arguments: Act.allCases)
    func aReceiverMayActWithinADelivery(_ act: Act) throws {
        let pair = try TLSTestPair.connected()
        let client = try pair.client
        let server = try pair.server
        pair.serverReceiver.onBytes = { _ in Self.perform(act, on: server) }
        let bytes = TLSStreamTests.pattern(100_000)
        pair.run { client.write(bytes.span) }
        switch act {
        case .close, .closeWithoutEnd, .abort:
            #expect(pair.serverReceiver.deliveryCount == 1)
            #expect(pair.serverReceiver.events == [.closed(.closedHere)])
            let end: StreamCloseReason = act == .abort ? .reset : .truncated
            if act == .close {
                #expect(
                    pair.clientReceiver.events.first == .drained || pair.clientReceiver.hasEnded)
            } else {
                #expect(pair.clientReceiver.closeReason == end)
            }
        case .removeReceiver: #expect(pair.serverReceiver.deliveryCount == 1)
        case .finishWriting:
            #expect(pair.serverReceiver.bytes == bytes)
            #expect(pair.clientReceiver.hasEnded)
        case .pauseAndResume: #expect(pair.serverReceiver.bytes == bytes)
        case .write:
            #expect(pair.serverReceiver.bytes == bytes)
            #expect(pair.clientReceiver.bytes.count == 3 * pair.serverReceiver.deliveryCount)
        }
        pair.run { client.abort() }
        #expect(pair.clientReceiver.closeReason != nil)
    }

    @Test(arguments: Act.allCases)
    func aReceiverMayActAtTheEnd(_ act: Act) throws {
        let pair = try TLSTestPair.connected()
        let client = try pair.client
        let server = try pair.server
        pair.serverReceiver.onEnded = { Self.perform(act, on: server) }
        pair.run { client.finishWriting() }
        #expect(pair.serverReceiver.hasEnded)
        switch act {
        case .close, .closeWithoutEnd, .abort:
            #expect(pair.serverReceiver.closeReason == .closedHere)
        case .finishWriting: #expect(pair.serverReceiver.closeReason == .ended)
        case .write: #expect(pair.clientReceiver.bytes == [1, 2, 3])
        case .removeReceiver, .pauseAndResume:
            #expect(pair.serverReceiver.closeReason == nil)
        }
    }

    @Test(arguments: Act.allCases)
    func aReceiverMayActWhenItMayWriteAgain(_ act: Act) throws {
        let pair = try TLSTestPair.connected()
        let client = try pair.client
        pair.clientReceiver.onDrained = { Self.perform(act, on: client) }
        let bytes = TLSStreamTests.pattern(200_000)
        pair.run { client.write(bytes.span) }
        #expect(pair.clientReceiver.events.first == .drained)
        switch act {
        case .abort: #expect(pair.serverReceiver.closeReason == .reset)
        case .close:
            #expect(pair.serverReceiver.bytes == bytes)
            #expect(pair.serverReceiver.events == [.ended])
        case .closeWithoutEnd:
            #expect(pair.serverReceiver.bytes == bytes)
            #expect(pair.serverReceiver.events == [.closed(.truncated)])
        case .write: #expect(pair.serverReceiver.bytes == bytes + [1, 2, 3])
        case .finishWriting, .removeReceiver, .pauseAndResume:
            #expect(pair.serverReceiver.bytes == bytes)
        }
    }

    @Test func theStreamIsReleasedOnceItIsClosed() throws {
        weak var released: TLSStream?
        weak var releasedPeer: TLSStream?
        try {
            let pair = try TLSTestPair.connected()
            released = try pair.client
            releasedPeer = try pair.server
            let client = try pair.client
            let server = try pair.server
            pair.run { client.close() }
            pair.run { server.close() }
            #expect(client.engine == nil)
            #expect(server.engine == nil)
        }()
        #expect(released == nil)
        #expect(releasedPeer == nil)
    }
}
