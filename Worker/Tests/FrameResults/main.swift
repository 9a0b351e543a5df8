import RepriseWorker

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

// Performs the calls that stand on standard input and writes what each gives to standard output.
//
// A call is operation, handle and length of its message, 32 bits each and little-endian, then the
// message. A result is its length in 32 bits, then its bytes. The tests compare the results with those
// of the WebAssembly module.

func readAll(_ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
        let got = bytes.withUnsafeMutableBytes {
            read(0, $0.baseAddress?.advanced(by: filled), count - filled)
        }
        if got <= 0 { return nil }
        filled += got
    }
    return bytes
}

func number(_ bytes: [UInt8], at offset: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32($1 * 8) }
}

var table = ExchangeTable()
while let head = readAll(12), let message = readAll(Int(number(head, at: 8))) {
    let result = table.call(number(head, at: 0), number(head, at: 4), message.span)
    let length = (0..<4).map { UInt8(truncatingIfNeeded: result.count >> ($0 * 8)) }
    (length + result).withUnsafeBytes { bytes in
        var written = 0
        while written < bytes.count {
            let count = write(1, bytes.baseAddress?.advanced(by: written), bytes.count - written)
            if count <= 0 { exit(1) }
            written += count
        }
    }
}
