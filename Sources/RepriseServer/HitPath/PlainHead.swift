import RepriseCore

/// The parts of a head that ``PlainRequest`` has found plain, as the core reads them.
struct PlainHead {
    /// The method, such as `POST`.
    let method: [UInt8]
    /// The target in origin form.
    let target: [UInt8]
    private let bytes: [UInt8]
    private let firstField: Int

    /// Takes a head apart.
    ///
    /// - Parameter bytes: From the first byte of the request line to the empty line's last.
    init(_ bytes: Span<UInt8>) {
        self.bytes = bytes.withUnsafeBufferPointer { Array($0) }
        let space = UInt8(ascii: " ")
        let methodEnd = self.bytes.firstIndex(of: space) ?? 0
        let targetEnd = self.bytes[(methodEnd + 1)...].firstIndex(of: space) ?? methodEnd + 1
        method = Array(self.bytes[..<methodEnd])
        target = Array(self.bytes[(methodEnd + 1)..<targetEnd])
        firstField = targetEnd + " HTTP/1.1\r\n".utf8.count
    }

    /// The fields in the order they came, but for `Host`, which is no field of a request upstream.
    func fields() -> [HeaderField] {
        var fields: [HeaderField] = []
        fields.reserveCapacity(24)
        var position = firstField
        while let colon = bytes[position...].firstIndex(of: UInt8(ascii: ":")),
            let end = bytes[colon...].firstIndex(of: UInt8(ascii: "\r"))
        {
            let value = bytes[(colon + 1)..<end].trimmingSpaces()
            let field = HeaderField(name: Array(bytes[position..<colon]), value: Array(value))
            if !field.isNamed("host") { fields.append(field) }
            position = end + 2
        }
        return fields
    }
}

extension ArraySlice where Element == UInt8 {
    /// The bytes without spaces around them.
    fileprivate func trimmingSpaces() -> ArraySlice<UInt8> {
        let space = UInt8(ascii: " ")
        guard let first = firstIndex(where: { $0 != space }),
            let last = lastIndex(where: { $0 != space })
        else { return self[endIndex...] }
        return self[first...last]
    }
}
