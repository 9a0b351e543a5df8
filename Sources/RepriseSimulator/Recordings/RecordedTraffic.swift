internal import Synchronization

/// Recorded requests and responses of real APIs, which answer the same requests again.
///
/// A file holds one JSON object a line with `method`, `url`, `request_body`, `status`,
/// `response_headers` and `response_body`, or `request_body_b64` and `body_b64` for bytes that are
/// no text. A request is answered by the recording with its method, the URL's path and query, and
/// exactly its body; scheme and host do not count. Several recordings of one request answer it in
/// their order, and the last one ever after.
public final class RecordedTraffic: Sendable {
    /// Why a file could not be loaded.
    public enum LoadError: Error, Equatable, CustomStringConvertible {
        /// The file cannot be read; with the system's reason.
        case unreadable(path: String, reason: String)
        /// A line (the first is 1) is not a recording; with what is wrong with it.
        case malformed(path: String, line: Int, reason: String)

        /// What is wrong, and where.
        public var description: String {
            switch self {
            case .unreadable(let path, let reason): "\(path): \(reason)"
            case .malformed(let path, let line, let reason):
                "\(path):\(line): not a recording: \(reason)"
            }
        }
    }

    /// One recorded request with its response.
    public struct Recording: Sendable {
        /// The recording's name in its file; empty when it has none.
        public let id: String
        /// The request's method.
        public let method: String
        /// Path and query of the recorded URL.
        public let target: String
        /// The host of the recorded URL, with its port if it has one.
        public let host: String
        /// The request's fields, sorted by name.
        public let requestHeaders: HeaderList
        /// The request's body.
        public let requestBody: [UInt8]
        /// The response's status.
        public let status: Int
        /// The response's fields without those of the framing and the coding, sorted by name.
        public let responseHeaders: HeaderList
        /// The response's body.
        public let responseBody: [UInt8]
    }

    private struct Key: Hashable {
        let method: String
        let target: String
        let body: [UInt8]
    }

    /// All recordings in the order of the files.
    public let recordings: [Recording]

    private let indices: [Key: [Int]]
    private let given = Mutex<[Key: Int]>([:])

    /// Loads files.
    ///
    /// - Parameter paths: JSONL files; empty lines are skipped.
    /// - Throws: ``LoadError``.
    public convenience init(paths: [String]) throws(LoadError) {
        var recordings: [Recording] = []
        for path in paths {
            try recordings += RecordingFile.load(path)
        }
        self.init(recordings)
    }

    /// Creates traffic of these recordings.
    public init(_ recordings: [Recording]) {
        self.recordings = recordings
        indices = Dictionary(grouping: recordings.indices) { index in
            let recording = recordings[index]
            return Key(
                method: recording.method, target: recording.target, body: recording.requestBody)
        }
    }

    /// The script that replays them.
    public var script: Script {
        Script { self.response(to: $0) }
    }

    /// The next answer to a request; a 404 that says so when it was never recorded.
    public func response(to request: SimulatedRequest) -> SimulatedResponse {
        let key = Key(method: request.method, target: request.target, body: request.body)
        guard let candidates = indices[key] else {
            return .error(
                status: 404,
                message: "No recording of \(request.method) \(request.target) with this body of "
                    + "\(request.body.count) bytes; the bytes must be exactly the recorded ones.",
                type: "simulator_error", code: "not_recorded")
        }
        let turn = given.withLock { given in
            let turn = given[key] ?? 0
            given[key] = turn + 1
            return turn
        }
        return recordings[candidates[min(turn, candidates.count - 1)]].response
    }
}

extension RecordedTraffic.Recording {
    /// The recorded response: an event stream in one chunk for each event, all else in one piece.
    public var response: SimulatedResponse {
        let isStream = responseHeaders.contains {
            $0.name.lowercased() == "content-type"
                && $0.value.lowercased().hasPrefix("text/event-stream")
        }
        let pieces = isStream ? Self.events(in: responseBody) : [responseBody]
        return SimulatedResponse(
            [
                .head(
                    status: status, headers: responseHeaders,
                    framing: isStream ? .chunked : .contentLength(responseBody.count))
            ] + pieces.map { .bytes($0) } + [.end()])
    }

    /// Splits behind each blank line, whatever the line ends (WHATWG HTML §9.2.5).
    static func events(in body: [UInt8]) -> [[UInt8]] {
        var events: [[UInt8]] = []
        var start = 0
        var index = 0
        var lineIsEmpty = true
        while index < body.count {
            let byte = body[index]
            index += 1
            guard byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") else {
                lineIsEmpty = false
                continue
            }
            if byte == UInt8(ascii: "\r"), index < body.count, body[index] == UInt8(ascii: "\n") {
                index += 1
            }
            if lineIsEmpty {
                events.append(Array(body[start..<index]))
                start = index
            }
            lineIsEmpty = true
        }
        if start < body.count {
            events.append(Array(body[start...]))
        }
        return events
    }
}
