internal import RepriseCore

/// Commands for `POST /pipeline`, as the JSON that Upstash takes: an array of arrays of strings
/// (upstash.com/docs/redis/features/restapi#pipelining).
struct UpstashPipeline {
    private var commands = JSONArrayBody()
    private var hasArgument = false

    /// How many commands there are.
    var count: Int { commands.count }

    /// The body of the request.
    var body: [UInt8] { commands.bytes }

    /// Adds a command from words that the code knows and arguments of any UTF-8.
    mutating func append(_ name: StaticString, _ arguments: [[UInt8]]) {
        begin(name)
        for argument in arguments { add(argument.span) }
        end()
    }

    /// Adds `SET name text`, and `PX` with it when the entry has an end.
    ///
    /// - Parameter milliseconds: How long the entry is retained; nil for good.
    mutating func append(setting name: [UInt8], to text: [UInt8], for milliseconds: Int64?) {
        begin("SET")
        add(name.span)
        separate()
        commands.appendQuoted(text)
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
        commands.beginElement()
        commands.json.append(UInt8(ascii: "["))
        hasArgument = false
        name.withUTF8Buffer { add(Span(_unsafeElements: $0)) }
    }

    private mutating func add(_ argument: Span<UInt8>) {
        separate()
        JSONText.appendQuoted(argument, to: &commands.json)
    }

    private mutating func separate() {
        if hasArgument { commands.json.append(UInt8(ascii: ",")) }
        hasArgument = true
    }

    private mutating func end() {
        commands.json.append(UInt8(ascii: "]"))
    }
}
