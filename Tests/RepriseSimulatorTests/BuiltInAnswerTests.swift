import Foundation
import RepriseSimulator
import Testing

/// The made-up answers of the APIs; that the official SDKs parse them is shown elsewhere.
struct BuiltInAnswerTests {
    private struct Answer {
        var status = 0
        var headers: HeaderList = []
        var pieces: [[UInt8]] = []

        var body: [UInt8] { pieces.flatMap { $0 } }
        var text: String { String(decoding: body, as: UTF8.self) }

        func header(_ name: String) -> String? {
            headers.first { $0.name == name }?.value
        }
    }

    private func ask(
        _ path: String, _ body: String, method: String = "POST", arrival: Int = 1
    ) -> Answer {
        let request = SimulatedRequest(
            method: method, target: path, body: Array(body.utf8), arrival: arrival)
        var answer = Answer()
        for step in Script.builtIn().response(to: request).steps {
            switch step {
            case .head(let status, let headers, _):
                answer.status = status
                answer.headers = headers
            case .bytes(let bytes):
                answer.pieces.append(bytes)
            default:
                break
            }
        }
        return answer
    }

    @Test(arguments: [
        ("/v1/chat/completions", #"{"model":"m","messages":[]}"#, "chat.completion"),
        ("/chat/completions", #"{"model":"m","messages":[]}"#, "chat.completion"),
        ("/openai/deployments/d/chat/completions", #"{"messages":[]}"#, "chat.completion"),
        ("/v1/completions", #"{"model":"m","prompt":"p"}"#, "text_completion"),
        ("/v1/responses", #"{"model":"m","input":"p"}"#, "response"),
        ("/v1/responses/input_tokens", #"{"model":"m","input":"p"}"#, "response.input_tokens"),
        ("/v1/embeddings", #"{"model":"m","input":"p"}"#, "list"),
        ("/v1/files", "--multipart", "file"),
    ])
    func answerIsJSONOfItsKind(_ path: String, _ body: String, _ kind: String) throws {
        let answer = ask(path, body)
        #expect(answer.status == 200)
        #expect(answer.header("content-type") == "application/json")
        #expect(answer.header("x-request-id")?.hasPrefix("req_") == true)
        #expect(answer.header("set-cookie")?.hasPrefix("__cf_bm=") == true)
        let document = try JSONSerialization.jsonObject(with: Data(answer.body))
        #expect((document as? [String: Any])?["object"] as? String == kind)
    }

    @Test(arguments: [
        ("/v1/chat/completions", #"{"model":"m","messages":[],"stream":true}"#, "data: [DONE]\n\n"),
        ("/v1/completions", #"{"model":"m","prompt":"","stream":true}"#, "data: [DONE]\n\n"),
        ("/v1/responses", #"{"model":"m","input":"","stream":true}"#, "event: response.completed"),
        (
            "/v1/responses", #"{"model":"m","input":"","stream":true,"max_output_tokens":1}"#,
            "event: response.incomplete"
        ),
        (
            "/v1/images/generations", #"{"prompt":"","stream":true}"#,
            "event: image_generation.completed"
        ),
        (
            "/v1/audio/speech", #"{"model":"m","input":"","stream_format":"sse"}"#,
            "event: speech.audio.done"
        ),
        ("/v1/messages", #"{"model":"m","messages":[],"stream":true}"#, "event: message_stop"),
    ])
    func streamEndsWithItsTerminalEvent(_ path: String, _ body: String, _ end: String) throws {
        let answer = ask(path, body)
        #expect(answer.header("content-type") == "text/event-stream; charset=utf-8")
        #expect(answer.pieces.count > 1)
        let last = String(decoding: try #require(answer.pieces.last), as: UTF8.self)
        #expect(last.hasPrefix(end))
        for piece in answer.pieces {
            #expect(piece.suffix(2) == [0x0a, 0x0a])
        }
    }

    @Test func sameRequestGetsAnotherAnswerEachTimeAndTheSameOneForTheSameTurn() {
        let body = #"{"model":"m","messages":[{"role":"user","content":"a \"b\" \u0001"}]}"#
        let first = ask("/v1/chat/completions", body)
        let second = ask("/v1/chat/completions", body, arrival: 2)
        #expect(first.body == ask("/v1/chat/completions", body).body)
        #expect(first.body != second.body)
        #expect(first.header("x-request-id") != second.header("x-request-id"))
        #expect(first.text.contains(#"you wrote “a \"b\" \u0001”"#))
    }

    @Test func usageIsStreamedOnlyWhenAskedFor() {
        let plain = ask("/chat/completions", #"{"model":"m","messages":[],"stream":true}"#)
        #expect(!plain.text.contains("usage"))
        let counted = ask(
            "/chat/completions",
            #"{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}}"#)
        #expect(counted.text.contains(#""choices":[],"usage":{"prompt_tokens":"#))
    }

    @Test(arguments: [
        ("/v1/chat/completions", #"{"model":"m","messages":[],"max_tokens":2}"#, "length"),
        ("/v1/messages", #"{"model":"m","messages":[],"max_tokens":2}"#, "max_tokens"),
        ("/v1/responses", #"{"model":"m","input":"","max_output_tokens":2}"#, "incomplete"),
    ])
    func clientsLimitCutsTheAnswerShort(_ path: String, _ body: String, _ reason: String) {
        let answer = ask(path, body)
        #expect(answer.text.contains("Simulated answer"))
        #expect(!answer.text.contains("Simulated answer 1"))
        #expect(answer.text.contains("\"\(reason)\""))
    }

    @Test func embeddingsComeAsNumbersOrAsBase64() throws {
        let numbers = ask("/embeddings", #"{"model":"m","input":["a","b"],"dimensions":3}"#)
        let base64 = ask(
            "/embeddings",
            #"{"model":"m","input":[1,2],"dimensions":3,"encoding_format":"base64"}"#)
        let floats = try #require(try vectors(numbers) as? [[Double]])
        #expect(floats.map(\.count) == [3, 3])
        let texts = try #require(try vectors(base64) as? [String])
        #expect(texts.map { Data(base64Encoded: $0)?.count } == [12])
    }

    private func vectors(_ answer: Answer) throws -> [Any?] {
        let document = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
        let data = try #require(document?["data"] as? [[String: Any]])
        return data.map { $0["embedding"] }
    }

    @Test func speechIsBytesThatAreNoText() {
        let answer = ask("/v1/audio/speech", #"{"model":"m","input":"a","response_format":"wav"}"#)
        #expect(answer.header("content-type") == "audio/wav")
        #expect(String(validating: answer.body, as: UTF8.self) == nil)
        #expect(answer.pieces.count == 5)
    }

    @Test(arguments: [
        ("POST", "/v1/unknown", "{}", 404), ("GET", "/v1/unknown", "", 404),
        ("PUT", "/v1/files/f", "", 404), ("POST", "/v1/chat/completions", "{}", 400),
        ("POST", "/v1/chat/completions", "[]", 400), ("POST", "/v1/messages", "{", 400),
        ("POST", "/v1/messages", "{}", 400), ("GET", "/v1/models", "", 200),
        ("GET", "/v1/files/f", "", 200), ("DELETE", "/v1/files/f", "", 200),
        ("GET", "/v1/responses/r", "", 200), ("DELETE", "/v1/responses/r", "", 200),
        ("POST", "/v1/moderations", "{}", 200),
    ])
    func statusFitsTheRoute(_ method: String, _ path: String, _ body: String, _ status: Int) throws
    {
        let answer = ask(path, body, method: method)
        #expect(answer.status == status)
        let document = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
        #expect((document?["error"] as? [String: Any] != nil) == (status != 200))
    }
}
