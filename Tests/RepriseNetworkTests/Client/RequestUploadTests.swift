import RepriseNetwork
import Testing

/// Requests whose bodies are still coming.
struct RequestUploadTests {
    private func write(_ text: String, to call: PlayedCall, of played: PlayedClient) {
        let bytes = Array(text.utf8)
        played.loop.turn { call.call?.write(bytes.span) }
    }

    @Test func uploadOfKnownLengthIsSentAsItIs() throws {
        let played = try PlayedClient()
        for number in 1...2 {
            let call = played.send(body: .stream(length: 11))
            #expect(call.isWanted)
            let stream = played.streams[0]
            for piece in ["one", "", "two"] { write(piece, to: call, of: played) }
            played.loop.turn { call.call?.write(keeping: Array("three".utf8)) }
            played.loop.turn { call.call?.finishBody() }
            let request =
                "POST / HTTP/1.1\r\nhost: api.test\r\ncontent-length: 11\r\n\r\nonetwothree"
            #expect(stream.text == String(repeating: request, count: number))
            stream.send(PlayedClient.ok)
            #expect(call.outcome == .ended(.framed))
        }
        #expect(played.client.idleConnectionCount == 1)
    }

    @Test func uploadOfUnknownLengthIsChunkedAndLeavesTheConnectionFree() throws {
        let played = try PlayedClient()
        let call = played.send(body: .stream(length: nil))
        write("one", to: call, of: played)
        played.loop.turn { call.call?.write(keeping: [UInt8](repeating: 120, count: 17)) }
        played.loop.turn { call.call?.finishBody() }
        #expect(
            played.streams[0].text
                == "POST / HTTP/1.1\r\nhost: api.test\r\ntransfer-encoding: chunked\r\n\r\n"
                + "3\r\none\r\n11\r\n\(String(repeating: "x", count: 17))\r\n0\r\n\r\n")
        played.streams[0].send(PlayedClient.ok)
        #expect(call.outcome == .ended(.framed))
        #expect(played.client.idleConnectionCount == 1)
    }

    @Test(
        arguments: [
            (["ab"], 3), (["ab", "cd"], 3), (["a"], 0),
        ] as [([String], Int64)])
    func uploadThatIsNotAsLongAsItsHeadSaysIsCut(pieces: [String], length: Int64) throws {
        let played = try PlayedClient()
        let call = played.send(body: .stream(length: length))
        #expect(call.isWanted == (length > 0))
        for piece in pieces { write(piece, to: call, of: played) }
        played.loop.turn { call.call?.finishBody() }
        guard case .failed(.unsendable) = call.outcome else {
            Issue.record("\(String(describing: call.outcome))")
            return
        }
        #expect(played.streams[0].closing == .aborted)
        #expect(!played.streams[0].text.contains("cd"))
    }

    @Test func uploadThatIsGivenUpIsCutAndNotEnded() throws {
        let played = try PlayedClient()
        let call = played.send(body: .stream(length: nil))
        write("begun", to: call, of: played)
        played.loop.turn { call.call?.cancel() }
        #expect(played.streams[0].closing == .aborted)
        #expect(!played.streams[0].text.hasSuffix("0\r\n\r\n"))
        write("more", to: call, of: played)
        #expect(played.streams[0].text.hasSuffix("begun\r\n"))
    }

    @Test func emptyUploadIsSent() throws {
        let played = try PlayedClient()
        let call = played.send(body: .stream(length: 0))
        played.loop.turn { call.call?.finishBody() }
        played.streams[0].send(PlayedClient.ok)
        #expect(call.outcome == .ended(.framed))
        #expect(played.client.idleConnectionCount == 1)
    }

    /// The upstream has said all there is to say: the rest of the body is of no use to it.
    @Test func earlyAnswerComesWholeAndEndsUploadAndConnection() throws {
        let answer = String(repeating: "no", count: 50_000)
        let head = "HTTP/1.1 413 Too Large\r\ncontent-length: \(answer.utf8.count)\r\n\r\n"
        for length in [1 << 30, nil] as [Int64?] {
            let played = try PlayedClient()
            let call = played.send(body: .stream(length: length))
            write("begun", to: call, of: played)
            played.streams[0].send(head + answer.prefix(1000))
            #expect(call.head?.status == 413)
            #expect(call.outcome == nil)
            write("more", to: call, of: played)
            played.streams[0].send(String(answer.dropFirst(1000)))
            #expect(call.body == answer)
            #expect(call.outcome == .ended(.framed))
            #expect(played.streams[0].closing == .closed)
            let text = played.streams[0].text
            write("too late", to: call, of: played)
            played.loop.turn { call.call?.finishBody() }
            #expect(played.streams[0].text == text)
        }
    }

    /// An answer that lies there already is an answer, though the connection breaks behind it.
    @Test func earlyAnswerOfAnUpstreamThatReadsNoMoreComesWhole() throws {
        let played = try PlayedClient()
        played.loop.window = 1000
        let call = played.send(body: .bytes([UInt8](repeating: 0, count: 1 << 20)))
        played.streams[0].sendUnseen(
            "HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno", ends: true)
        played.loop.turn()
        #expect(call.body == "no")
        #expect(call.outcome == .ended(.framed))
        // What is left would never be taken.
        #expect(played.streams[0].closing == .aborted)
        #expect(played.client.idleConnectionCount == 0)
    }

    @Test func answerStreamsWhileTheUploadGoesOn() throws {
        let played = try PlayedClient()
        let call = played.send(body: .stream(length: 10))
        write("first", to: call, of: played)
        played.streams[0].send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n")
        #expect(call.body == "ok")
        write("again", to: call, of: played)
        played.streams[0].send("4\r\n all\r\n0\r\n\r\n")
        #expect(call.body == "ok all")
        #expect(call.outcome == .ended(.framed))
        #expect(played.client.idleConnectionCount == 1)
    }

    @Test func upstreamThatTakesNothingHoldsTheUploadBack() throws {
        let played = try PlayedClient()
        played.loop.window = 1000
        let call = played.send(body: .stream(length: 1 << 20))
        played.loop.turn { call.call?.write(keeping: [UInt8](repeating: 0, count: 200_000)) }
        #expect((call.call?.unsentByteCount ?? 0) > 190_000)
        #expect(call.drainCount == 0)
        played.streams[0].take(100_000)
        #expect(call.drainCount == 0)
        played.streams[0].take(50_000)
        #expect(call.drainCount == 1)
        #expect((call.call?.unsentByteCount ?? 0) < 64 << 10)
    }
}
