import HTTPTypes

extension KeyedParts {
    /// What the cache key depends on in the head of an HTTP/2 request: the bytes that
    /// ``PlainRequest/scan(_:keyed:)`` gives for the same target and fields.
    ///
    /// - Returns: nil for a request that only the full path can judge, or that is no POST of JSON.
    static func keyed(_ head: HTTPRequest) -> [UInt8]? {
        guard head.method == .post, var target = head.path, target.utf8.first == UInt8(ascii: "/")
        else { return nil }
        var isSpecial = false
        var isJSON = false
        var keyed: [UInt8] = []
        // Beside its bytes a part has a mark and its length, twice for a directive.
        let most = head.headerFields.reduce(target.utf8.count + 5) {
            $0 + $1.name.canonicalName.utf8.count + $1.value.utf8.count + 8
        }
        keyed.append(addingCapacity: most) { output in
            output.append(FieldKind.targetMark)
            target.withUTF8 { append(Span(_unsafeElements: $0), to: &output) }
            for field in head.headerFields {
                var name = field.name.canonicalName
                name.withUTF8 { name in
                    field.withUnsafeBytesOfValue { value in
                        let name = Span(_unsafeElements: name)
                        let value = Span(_unsafeElements: value)
                        switch FieldKind(name) {
                        case .indifferent, .host, .connection, .contentLength: break
                        case .special: isSpecial = true
                        case .keyed(let number):
                            if number == FieldKind.contentType {
                                isJSON = HTTPBytes.hasFoldedPrefix(value, "application/json")
                            }
                            append(keyed: number, value, to: &output)
                        case .directive:
                            append(directive: name, value, to: &output)
                        }
                    }
                }
            }
            output.append(FieldKind.endMark)
        }
        return isJSON && !isSpecial ? keyed : nil
    }
}
