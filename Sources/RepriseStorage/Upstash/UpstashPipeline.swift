import NIOCore
import RepriseCore

/// Commands for `POST /pipeline`, as the JSON that Upstash takes: an array of arrays of strings
/// (upstash.com/docs/redis/features/restapi#pipelining).
struct UpstashPipeline {
    /// How many commands there are.
    private(set) var count = 0
    private var json: [UInt8] = [UInt8(ascii: "[")]
    private var hasArgument = false

    /// The size of the request in bytes.
    var bytes: Int { json.count + 1 }

    /// The body of the request.
    var body: ByteBuffer {
        var body = ByteBuffer()
        body.reserveCapacity(json.count + 1)
        body.writeBytes(json)
        body.writeInteger(UInt8(ascii: "]"))
        return body
    }

    /// Adds a command from words that the code knows and arguments of any UTF-8.
    mutating func append(_ name: StaticString, _ arguments: [[UInt8]]) {
        begin(name)
        for argument in arguments { add(argument.span) }
        end()
    }

    /// Adds `SET name text`, and `PX` with it when the entry has an end.
    ///
    /// - Parameter milliseconds: How long the entry is retained; nil for good.
    mutating func append(setting name: [UInt8], to text: ByteBuffer, for milliseconds: Int64?) {
        begin("SET")
        add(name.span)
        text.withUnsafeReadableBytes { bytes in
            add(Span(_unsafeElements: bytes.bindMemory(to: UInt8.self)))
        }
        if let milliseconds {
            add([UInt8]("PX".utf8).span)
            add([UInt8](String(milliseconds).utf8).span)
        }
        end()
    }

    /// Adds `EVAL script 1 key arguments`.
    mutating func append(
        script: StaticString, key: [UInt8], arguments: [[UInt8]]
    ) {
        begin("EVAL")
        script.withUTF8Buffer { add(Span(_unsafeElements: $0)) }
        add([UInt8(ascii: "1")].span)
        add(key.span)
        for argument in arguments { add(argument.span) }
        end()
    }

    private mutating func begin(_ name: StaticString) {
        if count > 0 { json.append(UInt8(ascii: ",")) }
        json.append(UInt8(ascii: "["))
        hasArgument = false
        name.withUTF8Buffer { add(Span(_unsafeElements: $0)) }
    }

    private mutating func add(_ argument: Span<UInt8>) {
        if hasArgument { json.append(UInt8(ascii: ",")) }
        hasArgument = true
        JSONText.appendQuoted(argument, to: &json)
    }

    private mutating func end() {
        json.append(UInt8(ascii: "]"))
        count += 1
    }
}
