internal import RepriseCore

/// Reads the files that ``RecordedTraffic`` replays.
enum RecordingFile {
    /// Fields that belong to the recorded connection: recomputed, or untrue of the decoded body.
    private static let dropped: Set<String> = [
        "connection", "content-encoding", "content-length", "keep-alive", "proxy-connection", "te",
        "trailer", "transfer-encoding", "upgrade",
    ]

    /// What is wrong with a line.
    private struct Flaw: Error {
        let reason: String

        init(_ name: String, _ reason: String) {
            self.reason = "\"\(name)\" \(reason)"
        }

        init(_ reason: String) {
            self.reason = reason
        }
    }

    /// The recordings of one file.
    static func load(
        _ path: String
    ) throws(RecordedTraffic.LoadError) -> [RecordedTraffic.Recording] {
        let contents: [UInt8]
        do throws(FileContents.Failure) {
            contents = try FileContents.read(path)
        } catch {
            throw .unreadable(path: path, reason: error.reason)
        }
        var recordings: [RecordedTraffic.Recording] = []
        let lines = contents.split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !line.isEmpty {
            do throws(Flaw) {
                recordings.append(try recording(line))
            } catch {
                throw .malformed(path: path, line: index + 1, reason: error.reason)
            }
        }
        return recordings
    }

    private static func recording(
        _ line: ArraySlice<UInt8>
    ) throws(Flaw) -> RecordedTraffic.Recording {
        guard let document = JSONValue(parsing: line.span), case .object = document else {
            throw Flaw("the line is not a JSON object")
        }
        guard let method = try text(document, "method") else { throw Flaw("method", "is missing") }
        guard let url = try text(document, "url") else { throw Flaw("url", "is missing") }
        guard let status = document["status"] else { throw Flaw("status", "is missing") }
        guard let code = status.integerValue, 100...999 ~= code else {
            throw Flaw("status", "is not a status code")
        }
        let (host, target) = split(url: url)
        return RecordedTraffic.Recording(
            id: try text(document, "id") ?? "", method: method, target: target, host: host,
            requestHeaders: try headers(document, "request_headers"),
            requestBody: try body(document, "request_body", base64: "request_body_b64"),
            status: code,
            responseHeaders: try headers(document, "response_headers"),
            responseBody: try body(document, "response_body", base64: "body_b64"))
    }

    /// A member that is a string; nil when it is missing or null.
    private static func text(_ document: JSONValue, _ name: String) throws(Flaw) -> String? {
        guard let value = document[name], !value.isNull else { return nil }
        guard let text = value.stringValue else { throw Flaw(name, "is not a string") }
        return text
    }

    private static func body(
        _ document: JSONValue, _ name: String, base64: String
    ) throws(Flaw) -> [UInt8] {
        let plain = try text(document, name)
        guard let encoded = try text(document, base64) else { return Array((plain ?? "").utf8) }
        guard let bytes = Base64.decode(Array(encoded.utf8).span) else {
            throw Flaw(base64, "is not base64")
        }
        return bytes
    }

    private static func headers(_ document: JSONValue, _ name: String) throws(Flaw) -> HeaderList {
        guard let value = document[name], !value.isNull else { return [] }
        guard case .object(let members) = value else { throw Flaw(name, "is not an object") }
        var headers: HeaderList = []
        for (field, value) in members {
            guard let text = value.stringValue else { throw Flaw(name, "holds what is no string") }
            if !dropped.contains(field.lowercased()) { headers.append((field, text)) }
        }
        return headers.sorted { $0.name < $1.name }
    }

    /// Host, and path with query exactly as written: a URL parser would normalise them. A fragment
    /// is left out, as clients do (RFC 9110 §4.2.5).
    private static func split(url: String) -> (host: String, target: String) {
        let bytes = url.utf8.prefix { $0 != UInt8(ascii: "#") }
        let mark = Array("://".utf8)
        let start = bytes.indices.first { bytes[$0...].starts(with: mark) }
        guard let start else { return ("", String(decoding: bytes, as: UTF8.self)) }
        let rest = bytes[start...].dropFirst(mark.count)
        let host = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        let target = String(decoding: rest[host.endIndex...], as: UTF8.self)
        return (
            String(decoding: host, as: UTF8.self), target.hasPrefix("/") ? target : "/" + target
        )
    }
}
