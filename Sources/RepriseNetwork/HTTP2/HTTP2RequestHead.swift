/// The head of an HTTP/2 request (RFC 9113 §8.3.1).
public struct HTTP2RequestHead: Sendable, Equatable {
    /// `:method`.
    public var method: [UInt8]
    /// `:path`; for `CONNECT`, which has none, the authority.
    public var target: [UInt8]
    /// All fields but those with a colon. `:authority` is the `host`, and a cookie that came in pieces
    /// is one field (§8.2.3).
    public var fields: HeadFields
    /// What `content-length` says; nil without one.
    public var declaredLength: Int64?
    /// Whether the client waits for a 100 before it sends the body (RFC 9110 §10.1.1).
    public var expectsContinue: Bool

    /// Reads a head.
    ///
    /// - Returns: nil when it names two hosts.
    init?(_ encoded: HTTP2EncodedHead) {
        let bytes = encoded.bytes.span
        var reader = HTTP2EncodedHead.Reader()
        var positions: [HeadFields.Position] = []
        positions.reserveCapacity(encoded.count)
        var cookies: [Range<Int>] = []
        method = []
        var path: Range<Int>?
        var authority: Range<Int>?
        declaredLength = nil
        expectsContinue = false
        var host: Range<Int>?
        while let field = reader.next(bytes) {
            let name = bytes.extracting(field.name)
            let value = bytes.extracting(field.value)
            if name.equals(":method") {
                method = value.copied
            } else if name.equals(":path") {
                path = field.value
            } else if name.equals(":authority") {
                authority = field.value
            } else if name[0] == UInt8(ascii: ":") {
                continue
            } else if name.equals("cookie") {
                cookies.append(field.value)
                if cookies.count == 1 { positions.append(field) }
            } else {
                if name.equals("host") {
                    host = field.value
                } else if name.equals("content-length") {
                    declaredLength = Self.number(value)
                } else if name.equals("expect") {
                    expectsContinue = value.equalsIgnoringCase("100-continue")
                }
                positions.append(field)
            }
        }
        target = (path ?? authority).map { Array(encoded.bytes[$0]) } ?? []
        var fields = HeadFields(bytes: encoded.bytes, positions: positions)
        if let authority {
            let name = Array(encoded.bytes[authority])
            if let host {
                guard bytes.extracting(host).equalsIgnoringCase(name.span) else { return nil }
            } else {
                fields.append(name: Array("host".utf8), value: name)
            }
        }
        if cookies.count > 1 { fields = Self.joining(cookies, in: fields) }
        self.fields = fields
    }

    private static func number(_ digits: Span<UInt8>) -> Int64? {
        var number: Int64 = 0
        for index in digits.indices {
            guard digits[index].isDigit else { return nil }
            let (product, overflows) = number.multipliedReportingOverflow(by: 10)
            let (sum, carries) = product.addingReportingOverflow(
                Int64(digits[index] - UInt8(ascii: "0")))
            guard !overflows, !carries else { return nil }
            number = sum
        }
        return digits.isEmpty ? nil : number
    }

    /// The fields with the pieces of the cookie in the place of the first one.
    private static func joining(_ pieces: [Range<Int>], in fields: HeadFields) -> HeadFields {
        var bytes = fields.bytes
        var positions = fields.positions
        let start = bytes.count
        for piece in pieces {
            if piece != pieces[0] { bytes.append("; ") }
            bytes.append(contentsOf: fields.bytes[piece])
        }
        for index in positions.indices where positions[index].value == pieces[0] {
            positions[index].value = start..<bytes.count
        }
        return HeadFields(bytes: bytes, positions: positions)
    }
}

extension Span<UInt8> {
    /// Whether the bytes are others, without regard to the case of ASCII letters.
    fileprivate func equalsIgnoringCase(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index].lowercased != other[index].lowercased {
            return false
        }
        return true
    }
}
