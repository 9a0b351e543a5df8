import Foundation

/// An HTTP/1.1 response as it stood on the wire, its body framed by a length or by chunks.
struct WireResponse: Equatable {
    /// The status code.
    var status: Int
    /// The lines of the head below the status line.
    var fields: [Substring]
    /// The body as framed.
    var text: String

    /// The value of a field, by its name in lower case.
    func field(_ name: String) -> Substring? {
        fields.first { $0.lowercased().hasPrefix("\(name):") }?.dropFirst(name.count + 1)
            .drop { $0 == " " }
    }

    /// Splits a connection's bytes; what is not a whole response at the end is left out.
    static func all(in text: String) -> [WireResponse] {
        var rest = Substring(text.replacing("\r\n", with: "\n"))
        var responses: [WireResponse] = []
        while let headEnd = rest.range(of: "\n\n") {
            let lines = rest[..<headEnd.lowerBound].split(separator: "\n")
            let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
            guard let status else { break }
            var response = WireResponse(
                status: status, fields: Array(lines.dropFirst()), text: "")
            rest = rest[headEnd.upperBound...]
            if let length = response.field("content-length").flatMap({ Int($0) }) {
                guard rest.utf8.count >= length else { break }
                let end = rest.utf8.index(rest.startIndex, offsetBy: length)
                response.text = String(rest[..<end])
                rest = rest[end...]
            }
            responses.append(response)
        }
        return responses
    }
}

extension WireConnection {
    /// The bytes of a request for a chat completion.
    ///
    /// - Parameter fields: Lines of the head, each with its line end.
    static func chatRequest(_ question: String, fields: String = "") -> String {
        let body = Chat.request(question)
        return "POST /v1/chat/completions HTTP/1.1\r\nHost: reprise\r\n"
            + "Content-Type: application/json\r\n\(fields)"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }
}
