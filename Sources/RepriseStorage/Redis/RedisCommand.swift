internal import RepriseCore

/// A command and its arguments.
struct RedisCommand: Equatable, Sendable {
    /// The command's words, its name first.
    var words: [[UInt8]]
    /// Which of the words is a key that decides on the node of a cluster.
    var keyPosition = 1
    /// Whether a value that is no string, which is none of ours and will be replaced, counts as
    /// nothing.
    var isLookup = false

    /// Makes a command from text.
    init(_ words: String...) {
        self.words = words.map { Array($0.utf8) }
    }

    /// Makes a command about one key.
    init(_ name: String, key: [UInt8], _ arguments: String...) {
        words = [Array(name.utf8), key] + arguments.map { Array($0.utf8) }
    }

    /// `GET` of an entry.
    static func get(_ key: CacheKey) -> RedisCommand {
        var command = RedisCommand("GET", key: key.storeName)
        command.isLookup = true
        return command
    }

    /// `SET`, and how long the text is to stay.
    ///
    /// - Parameter now: Milliseconds since the epoch, from which the time left is counted.
    static func set(_ entry: StoredEntry, now: Int64) -> RedisCommand {
        var command = RedisCommand("SET", key: entry.key.storeName)
        command.words.append(entry.text)
        if let end = entry.retainedUntil {
            // The subtraction of any two numbers must not trap, and the server refuses zero.
            let (left, isOverflown) = end.subtractingReportingOverflow(now)
            let bounded = isOverflown ? (end > now ? Int64.max / 4 : 1) : left
            command.words.append(Array("PX".utf8))
            command.words.append(Array(String(min(max(1, bounded), Int64.max / 4)).utf8))
        }
        return command
    }

    /// `EVAL` with one key.
    static func run(_ script: [UInt8], key: [UInt8], arguments: [[UInt8]]) -> RedisCommand {
        var command = RedisCommand("EVAL")
        command.words += [script, Array("1".utf8), key]
        command.words += arguments
        command.keyPosition = 3
        return command
    }

    /// The slot of the command's key.
    var slot: Int {
        keyPosition < words.count ? RedisSlotMap.slot(of: words[keyPosition]) : 0
    }
}

extension [UInt8] {
    /// Appends a command as an array of bulk strings.
    mutating func append(_ command: RedisCommand) {
        appendHeader("*", command.words.count)
        for word in command.words {
            appendHeader("$", word.count)
            append(contentsOf: word)
            append(0x0D)
            append(0x0A)
        }
    }

    private mutating func appendHeader(_ type: Unicode.Scalar, _ count: Int) {
        append(UInt8(ascii: type))
        append(contentsOf: String(count).utf8)
        append(0x0D)
        append(0x0A)
    }
}
