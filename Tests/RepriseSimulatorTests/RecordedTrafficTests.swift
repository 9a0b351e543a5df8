import Foundation
import Testing

@testable import RepriseSimulator

/// Recorded traffic as an upstream.
@Suite(.timeLimit(.minutes(5)))
struct RecordedTrafficTests {
    /// Writes lines to a file of its own and loads it.
    private func load(_ lines: [String]) throws -> RecordedTraffic {
        let file = FileManager.default.temporaryDirectory
            .appending(path: "recorded-\(UUID().uuidString).jsonl")
        try Data(lines.joined(separator: "\n").utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try RecordedTraffic(paths: [file.path])
    }

    private func line(
        body: String, answer: String, url: String = "https://api.example/v1/chat?x=1",
        type: String = "application/json", extra: String = ""
    ) -> String {
        #"{"id":"one","method":"POST","url":"\#(url)","request_headers":{"b":"2","a":"1"},"#
            + #""request_body":"\#(body)","status":201,"response_headers":{"content-type":"\#(type)","#
            + #""content-length":"99999","transfer-encoding":"chunked","connection":"keep-alive","#
            + #""content-encoding":"gzip"},"response_body":"\#(answer)"\#(extra)}"#
    }

    @Test func requestIsAnsweredByItsRecordings() async throws {
        let traffic = try load([
            line(body: "q", answer: "first"), "", line(body: "other", answer: "no"),
            line(body: "q", answer: "second"),
            line(body: "q", answer: "elsewhere", url: "https://api.example/v1/chat"),
        ])
        try await SimulatedUpstream.run(traffic.script) { upstream in
            for answer in ["first", "second", "second"] {
                let (text, _) = try await RawClient.exchange(
                    with: upstream.port, "POST", "/v1/chat?x=1", body: "q")
                #expect(
                    text == "HTTP/1.1 201 Simulated\r\ncontent-type: application/json\r\n"
                        + "content-length: \(answer.utf8.count)\r\n\r\n\(answer)")
            }
            let (text, _) = try await RawClient.exchange(
                with: upstream.port, "POST", "/v1/chat", body: "q")
            #expect(text.hasSuffix("elsewhere"))
        }
        let recording = try #require(traffic.recordings.first)
        #expect(recording.id == "one")
        #expect(recording.host == "api.example")
        #expect(recording.requestHeaders.map(\.name) == ["a", "b"])
    }

    @Test func requestThatWasNeverRecordedIsA404() async throws {
        let traffic = try load([line(body: "q", answer: "first")])
        try await SimulatedUpstream.run(traffic.script) { upstream in
            for (method, target, body) in [
                ("POST", "/v1/chat?x=1", "q "), ("PUT", "/v1/chat?x=1", "q"),
                ("POST", "/v1/chat?x=2", "q"), ("POST", "/v1/chat?x=1", ""),
            ] {
                let (text, _) = try await RawClient.exchange(
                    with: upstream.port, method, target, body: body)
                #expect(text.hasPrefix("HTTP/1.1 404 Not Found\r\n"))
                #expect(text.contains("No recording of \(method) \(target)"))
            }
        }
    }

    @Test func eventStreamIsSentInOneChunkForEachEvent() async throws {
        let traffic = try load([
            line(
                body: "q", answer: #"data: 1\n\ndata: 22\n\ndata: [DONE]\n\n"#,
                type: "text/event-stream; charset=utf-8")
        ])
        try await SimulatedUpstream.run(traffic.script) { upstream in
            let (text, _) = try await RawClient.exchange(
                with: upstream.port, "POST", "/v1/chat?x=1", body: "q")
            #expect(
                text.hasSuffix(
                    "transfer-encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\na\r\ndata: 22\n\n\r\n"
                        + "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"))
        }
    }

    @Test func bytesThatAreNoTextComeFromBase64() throws {
        let traffic = try load([
            line(body: "q", answer: "", extra: #","body_b64":"/wA=","request_body_b64":"/g==""#)
        ])
        #expect(traffic.recordings.map(\.responseBody) == [[0xff, 0]])
        #expect(traffic.recordings.map(\.requestBody) == [[0xfe]])
    }

    @Test(arguments: [
        ("", []), ("a", ["a"]), ("a\n\n", ["a\n\n"]), ("a\nb\n\nc", ["a\nb\n\n", "c"]),
        ("a\r\n\r\nb\r\n\r\n", ["a\r\n\r\n", "b\r\n\r\n"]), ("a\r\rb\r\r", ["a\r\r", "b\r\r"]),
        ("a\n\r\nb", ["a\n\r\n", "b"]), ("\n\na", ["\n", "\n", "a"]),
    ])
    func eventsAreSplitBehindBlankLines(_ body: String, _ events: [String]) {
        let split = RecordedTraffic.Recording.events(in: Array(body.utf8))
        #expect(split.map { String(decoding: $0, as: UTF8.self) } == events)
    }

    @Test(arguments: [
        ("{", "the line is not a JSON object"), ("[]", "the line is not a JSON object"),
        (#"{"method":"POST"}"#, #""url" is missing"#),
        (#"{"method":1,"url":"/","status":200}"#, #""method" is not a string"#),
        (#"{"method":"GET","url":"/"}"#, #""status" is missing"#),
        (#"{"method":"GET","url":"/","status":"200"}"#, #""status" is not a status code"#),
        (#"{"method":"GET","url":"/","status":20}"#, #""status" is not a status code"#),
        (
            #"{"method":"GET","url":"/","status":200,"body_b64":"a"}"#,
            #""body_b64" is not base64"#
        ),
        (
            #"{"method":"GET","url":"/","status":200,"response_headers":{"a":1}}"#,
            #""response_headers" holds what is no string"#
        ),
    ])
    func malformedLineIsNamed(_ bad: String, _ reason: String) throws {
        let error = #expect(throws: RecordedTraffic.LoadError.self) {
            try load([line(body: "q", answer: "a"), bad])
        }
        guard case .malformed(let path, 2, reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.description == "\(path):2: not a recording: \(reason)")
    }

    @Test(arguments: [
        ("https://h:1/a?b=%41#c", "h:1", "/a?b=%41"), ("https://h", "h", "/"),
        ("https://h?q", "h", "/?q"), ("/only/a/path", "", "/only/a/path"),
    ])
    func urlIsSplitAsItIsWritten(_ url: String, _ host: String, _ target: String) throws {
        let recording = try #require(
            try load([line(body: "", answer: "", url: url)]).recordings.first)
        #expect(recording.host == host)
        #expect(recording.target == target)
    }

    @Test func missingFileIsNamed() {
        let path = "/nonexistent/traffic.jsonl"
        #expect {
            try RecordedTraffic(paths: [path])
        } throws: { error in
            "\(error)".hasPrefix(path)
        }
    }
}
