import NIOCore
import RepriseCore

/// A command and its arguments.
struct RedisCommand: Equatable, Sendable {
    /// The command's words, its name first.
    var words: [ByteBuffer]
    /// Which of the words is a key that decides on the node of a cluster.
    var keyPosition = 1

    /// Makes a command from text.
    init(_ words: String...) {
        self.words = words.map { ByteBuffer(string: $0) }
    }

    /// `SET`, and how long the text is to stay.
    ///
    /// - Parameter now: Milliseconds since the epoch, from which the time left is counted.
    static func set(_ entry: StoredEntry, now: Int64) -> RedisCommand {
        var command = RedisCommand("SET")
        command.words.append(ByteBuffer(bytes: entry.key.storeName))
        command.words.append(entry.text)
        if let end = entry.retainedUntil {
            // The subtraction of any two numbers must not trap, and the server refuses zero.
            let (left, isOverflown) = end.subtractingReportingOverflow(now)
            let bounded = isOverflown ? (end > now ? Int64.max / 4 : 1) : left
            command.words.append(ByteBuffer(string: "PX"))
            command.words.append(
                ByteBuffer(string: String(min(max(1, bounded), Int64.max / 4))))
        }
        return command
    }

    /// `EVAL` with one key.
    static func run(_ script: ByteBuffer, key: [UInt8], arguments: [[UInt8]]) -> RedisCommand {
        var command = RedisCommand("EVAL")
        command.words += [script, ByteBuffer(string: "1"), ByteBuffer(bytes: key)]
        command.words += arguments.map { ByteBuffer(bytes: $0) }
        command.keyPosition = 3
        return command
    }

    /// A command about one key without further arguments.
    static func about(_ key: [UInt8], _ name: String) -> RedisCommand {
        var command = RedisCommand(name)
        command.words.append(ByteBuffer(bytes: key))
        return command
    }

    /// The slot of the command's key.
    var slot: Int {
        keyPosition < words.count ? RedisSlotMap.slot(of: words[keyPosition].readableBytesView) : 0
    }
}

extension ByteBuffer {
    /// Writes a command as an array of bulk strings.
    mutating func writeCommand(_ command: RedisCommand) {
        writeHeader("*", command.words.count)
        for word in command.words {
            writeHeader("$", word.readableBytes)
            writeImmutableBuffer(word)
            writeStaticString("\r\n")
        }
    }

    /// Writes `GET` with the name of an entry.
    mutating func writeGet(_ key: CacheKey) {
        writeStaticString("*2\r\n$3\r\nGET\r\n$72\r\nreprise:")
        let bytes = key.bytes
        writeWithUnsafeMutableBytes(minimumWritableBytes: 2 * CacheKey.length) { target in
            for (index, byte) in bytes.enumerated() {
                target[2 * index] = Self.hexDigit(byte >> 4)
                target[2 * index + 1] = Self.hexDigit(byte & 0xF)
            }
            return 2 * CacheKey.length
        }
        writeStaticString("\r\n")
    }

    private mutating func writeHeader(_ type: StaticString, _ count: Int) {
        writeStaticString(type)
        writeString(String(count))
        writeStaticString("\r\n")
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 + value : 0x61 + value - 10
    }
}
