/// Tells text from other bytes.
enum UTF8Text {
    /// Whether bytes can stand in a text as they are: UTF-8 without NUL.
    static func isStorable(_ bytes: Span<UInt8>) -> Bool {
        for index in bytes.indices where bytes[index] == 0 {
            return false
        }
        return isValid(bytes)
    }

    /// Whether bytes are well-formed UTF-8 (RFC 3629 §4).
    static func isValid(_ bytes: Span<UInt8>) -> Bool {
        var position = 0
        while position < bytes.count {
            if bytes[position] < 0x80 {
                position += 1
                continue
            }
            do throws(JSONError) {
                position = try JSONScan.endOfScalar(bytes, from: position)
            } catch {
                return false
            }
        }
        return true
    }
}
