/// Makes random requests: such as the SDKs send, such as nobody sends, and damaged ones.
struct RequestGenerator {
    private var source: SeededSource

    /// Makes a generator that gives the same requests for the same seed.
    init(seed: UInt64) {
        source = SeededSource(seed)
    }

    private static let oddMethods = [
        "GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PRI", "post",
    ]
    private static let oddTargets = [
        "/", "//v1//x", "/a/b?c#d", "/v1/\"<>\\^`{|}", "*", "http://h/v1/x", "/?", "/:80",
        "//h:80/x?http://y", "v1", "?",
    ]
    private static let fields = [
        ("Authorization", "Bearer sk-1234"), ("User-Agent", "OpenAI/Python 1.109.1"),
        ("Accept", "application/json"), ("accept", "text/event-stream, */*"),
        ("Accept-Encoding", "gzip, deflate"), ("Connection", "keep-alive"),
        ("connection", "Keep-Alive"), ("X-Stainless-Lang", "python"),
        ("x-stainless-retry-count", "0"), ("Idempotency-Key", "5f0c"), ("X-API-Key", "k"),
        ("api-key", "k"), ("x-goog-api-key", "k"), ("OpenAI-Organization", "org-1"),
        ("OpenAI-Project", "proj_1"), ("openai-beta", "assistants=v2"), ("Cookie", "a=b; c=d"),
        ("anthropic-version", "2023-06-01"), ("anthropic-beta", "tools"), ("X-Proxy-TTL", "60"),
        ("x-proxy-namespace", "a"), ("X-Proxy-Tags", "a, b"), ("Cache-Control", "no-cache"),
        ("Cache-Control", "max-age=5"), ("Empty", ""), ("Range", "bytes=0-1"),
        ("If-None-Match", "*"), ("!#$%&'*+-.^_`|~9", "odd but a token"), ("X-Proxy-Key", "k"),
    ]
    private static let oddFields = [
        ("Content-Type", "multipart/form-data; boundary=x"), ("Connection", "close"),
        ("Content-Type", "application/json; charset=utf-8"), ("X-Gateway-Token", "t"),
        ("Connection", "upgrade, keep-alive"), ("Expect", "100-continue"),
        ("Upgrade", "websocket"), ("TE", "trailers"), ("Trailer", "x"),
        ("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "identity"),
        ("Content-Encoding", "gzip"), ("Content-Length", "3"), ("Content-Length", "+3"),
        ("Content-Length", "03"), ("Content-Length", "3 "), ("Content-Length", "3\t"),
        ("Content-Length", "0"), ("Content-Length", "3, 3"), ("HTTP2-Settings", "AAMAAABkAAQ"),
        ("Proxy-Connection", "keep-alive"), ("Proxy-Authorization", "Basic eA=="),
        ("Host", "other"), ("Host", ""), ("X-Obs", "caf\u{e9}"), ("X-Tab", "a\tb"),
    ]
    private static let bodies = [
        "{\"model\":\"m\",\"messages\":[]}", "abc", "", "{}",
        "{\"input\":\"GET / HTTP/1.1\\r\\n\"}",
        "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n", "\r\n\r\n",
    ]
    private static let spliced: [[UInt8]] =
        [
            "\r\n", "\n", "\r", "\r\n\r\n", "\n\n", "\r\n ", "\r\n\t", " ", "\t", ":", " :", ": ",
            "\0",
            "\u{7f}", "\u{b}", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n",
            "\r\nX: y",
            "Host: again\r\n", " HTTP/1.1\r\n", "HTTP/1.0", "HTTP/1.10", "HTTP/2.0", ",", ";", "#",
            "-",
            "Content-Type: application/json\r\n", "Connection: close\r\n", "0", "+", "\"",
        ].map { Array($0.utf8) } + [[0x80], [0xFF], [0xC3, 0xA9]]

    /// The next request's bytes, and where to cut them.
    mutating func next() -> (bytes: [UInt8], cuts: [Int]) {
        var bytes = text().bytes
        if source.once(in: 8) { bytes += text().bytes }
        if !source.once(in: 3) {
            for _ in 0...source.below(2) { mutate(&bytes) }
        }
        let cuts = (0..<source.below(4)).map { _ in source.below(max(1, bytes.count)) }
        return (bytes, cuts)
    }

    /// A request that is grammatical, and mostly plain.
    mutating func text() -> RequestText {
        var text = RequestText()
        if source.once(in: 10) { text.method = source.pick(Self.oddMethods) }
        text.target = source.pick(["/v1/chat/completions", "/v1/responses", "/proxy/x?y=%20"])
        if source.once(in: 5) { text.target = source.pick(Self.oddTargets) }
        text.version = source.once(in: 50) ? "HTTP/1.0" : "HTTP/1.1"
        text.body = source.once(in: 6) ? nil : source.pick(Self.bodies)
        if source.once(in: 20) { text.fields.removeAll() }
        for _ in 0..<(source.once(in: 200) ? 100 + source.below(200) : source.below(8)) {
            let field = source.pick(source.once(in: 20) ? Self.oddFields : Self.fields)
            // A repeated field makes the request one that is not plain: not too many of those.
            let isNew = !text.fields.contains { $0.0.lowercased() == field.0.lowercased() }
            if isNew || source.once(in: 30) {
                text.fields.insert(field, at: source.below(text.fields.count + 1))
            }
        }
        if source.once(in: 6) { pad(&text) }
        if source.once(in: 400) {
            let length = 8000 + source.below(70_000)
            text.fields.append(("X-Long", String(repeating: "x", count: length)))
        }
        return text
    }

    /// Writes some fields with other white space or in another case.
    private mutating func pad(_ text: inout RequestText) {
        for index in text.fields.indices where source.once(in: 2) {
            let spaces = ["", "", " ", "  ", "   ", "\t"]
            text.fields[index].1 =
                source.pick(spaces) + text.fields[index].1 + source.pick(spaces)
            if source.once(in: 2) { text.fields[index].0 = text.fields[index].0.uppercased() }
        }
    }

    private mutating func mutate(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        let place = source.below(bytes.count)
        switch source.below(10) {
        case 0: bytes[place] ^= 1 << UInt8(source.below(8))
        case 1: bytes[place] = UInt8(truncatingIfNeeded: source.next())
        case 2: bytes.insert(UInt8(truncatingIfNeeded: source.next()), at: place)
        case 3: bytes.remove(at: place)
        case 4: bytes.insert(contentsOf: source.pick(Self.spliced), at: place)
        case 5: bytes.insert(contentsOf: source.pick(Self.spliced), at: lineEnd(bytes, from: place))
        case 6: changeLineEnd(&bytes, from: place)
        case 7: repeatLine(&bytes, at: place)
        case 8: bytes.removeLast(source.below(min(40, bytes.count)))
        default:
            let end = min(bytes.count, place + source.below(20))
            bytes.removeSubrange(place..<end)
        }
    }

    /// Where the line ends that a place is in, before its CR or LF.
    private func lineEnd(_ bytes: [UInt8], from place: Int) -> Int {
        bytes[place...].firstIndex { $0 == 0x0D || $0 == 0x0A } ?? bytes.count
    }

    private mutating func changeLineEnd(_ bytes: inout [UInt8], from place: Int) {
        let end = lineEnd(bytes, from: place)
        guard end + 1 < bytes.count else { return }
        switch source.below(4) {
        case 0: bytes.swapAt(end, end + 1)
        case 1: bytes.remove(at: end)
        case 2: bytes.remove(at: end + 1)
        default: bytes.insert(bytes[end], at: end)
        }
    }

    private func repeatLine(_ bytes: inout [UInt8], at place: Int) {
        let start = (bytes[..<place].lastIndex(of: 0x0A) ?? -1) + 1
        let end = bytes[place...].firstIndex(of: 0x0A) ?? bytes.count - 1
        guard start <= end else { return }
        bytes.insert(contentsOf: bytes[start...end], at: start)
    }
}
