import FoundationEssentials

/// Reads the files that ``RecordedTraffic`` replays.
enum RecordingFile {
    /// One line as it stands in the file.
    private struct Line: Decodable {
        let id: String?
        let method: String
        let url: String
        let requestHeaders: [String: String]?
        let requestBody: String?
        let requestBodyBase64: Data?
        let status: Int
        let responseHeaders: [String: String]?
        let responseBody: String?
        let responseBodyBase64: Data?

        enum CodingKeys: String, CodingKey {
            case id, method, url, status
            case requestHeaders = "request_headers"
            case requestBody = "request_body"
            case requestBodyBase64 = "request_body_b64"
            case responseHeaders = "response_headers"
            case responseBody = "response_body"
            case responseBodyBase64 = "body_b64"
        }
    }

    /// Fields that belong to the recorded connection: recomputed, or untrue of the decoded body.
    private static let dropped: Set<String> = [
        "connection", "content-encoding", "content-length", "keep-alive", "proxy-connection", "te",
        "trailer", "transfer-encoding", "upgrade",
    ]

    /// The recordings of one file.
    static func load(
        _ path: String
    ) throws(RecordedTraffic.LoadError) -> [RecordedTraffic.Recording] {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw .unreadable(path: path, reason: "\(error)")
        }
        let decoder = JSONDecoder()
        var recordings: [RecordedTraffic.Recording] = []
        let lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, text) in lines.enumerated() where !text.isEmpty {
            do {
                recordings.append(recording(try decoder.decode(Line.self, from: Data(text))))
            } catch {
                throw .malformed(path: path, line: index + 1, reason: "\(error)")
            }
        }
        return recordings
    }

    private static func recording(_ line: Line) -> RecordedTraffic.Recording {
        let (host, target) = split(url: line.url)
        return RecordedTraffic.Recording(
            id: line.id ?? "", method: line.method, target: target, host: host,
            requestHeaders: headers(line.requestHeaders),
            requestBody: bytes(line.requestBody, line.requestBodyBase64), status: line.status,
            responseHeaders: headers(line.responseHeaders),
            responseBody: bytes(line.responseBody, line.responseBodyBase64))
    }

    private static func bytes(_ text: String?, _ base64: Data?) -> [UInt8] {
        base64.map(Array.init) ?? Array((text ?? "").utf8)
    }

    private static func headers(_ fields: [String: String]?) -> HeaderList {
        (fields ?? [:]).filter { !dropped.contains($0.key.lowercased()) }
            .sorted { $0.key < $1.key }
            .map { ($0.key, $0.value) }
    }

    /// Host, and path with query exactly as written: a URL parser would normalise them.
    private static func split(url: String) -> (host: String, target: String) {
        guard let scheme = url.firstRange(of: "://") else { return ("", url) }
        let rest = url[scheme.upperBound...]
        let host = rest.prefix { $0 != "/" && $0 != "?" }
        let target = rest[host.endIndex...]
        return (String(host), target.hasPrefix("/") ? String(target) : "/" + target)
    }
}
