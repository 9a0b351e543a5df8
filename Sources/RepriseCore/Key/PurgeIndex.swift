/// The index that finds stored responses by their labels in a store that others use too, such as
/// Redis: for each label a sorted set, whose members are the keys of the responses that bear it.
///
/// A member is the key's 64 hexadecimal digits, its score the time until which the response is
/// retained, in milliseconds since the epoch, or `+inf`. A member may outlive its response, which
/// may have been evicted, removed, or stored again with other labels: whoever purges by an index
/// has to look at the response itself.
public enum PurgeIndex {
    /// The script that adds members to one index, forgets those whose time is over, and lets the
    /// index end with its last member.
    ///
    /// `KEYS[1]` is the name of the index. `ARGV[1]` is the time now in milliseconds since the
    /// epoch; a score and a member follow, as often as needed, 1,000 times at most.
    public static let script: StaticString = """
        redis.call('ZADD',KEYS[1],unpack(ARGV,2))
        redis.call('ZREMRANGEBYSCORE',KEYS[1],'-inf','('..ARGV[1])
        local top=redis.call('ZREVRANGE',KEYS[1],0,0,'WITHSCORES')[2]
        if not top then return 0 end
        if top=='inf' then return redis.call('PERSIST',KEYS[1]) end
        local left=math.max(1,tonumber(top)-tonumber(ARGV[1]))
        return redis.call('PEXPIRE',KEYS[1],string.format('%.0f',left))
        """

    /// How many members ``script`` takes at once.
    public static let membersAtOnce = 1000

    /// The names of all indexes that a response belongs to, each once.
    ///
    /// - Parameters:
    ///   - tags: The tags that the client gave.
    ///   - model: The model that the request named.
    ///   - namespace: The namespace that the client gave.
    ///   - credentialScope: The SHA-256 of the credential; when empty, it has no index.
    public static func names(
        tags: [[UInt8]], model: [UInt8]?, namespace: [UInt8]?, credentialScope: [UInt8]
    ) -> [[UInt8]] {
        var names: [[UInt8]] = []
        names.reserveCapacity(tags.count + 3)
        for tag in tags {
            // Few are compared: a request has at most 16 tags, and a set of them would bring
            // hashing into the Worker's module.
            let name = name(tag: tag)
            if !names.contains(name) { names.append(name) }
        }
        if let model { names.append(name(model: model)) }
        if let namespace { names.append(name(namespace: namespace)) }
        if !credentialScope.isEmpty { names.append(name(credentialScope: credentialScope)) }
        return names
    }

    /// The name of the index of a tag.
    public static func name(tag: [UInt8]) -> [UInt8] {
        [UInt8]("reprise:index:tag:") + escaped(tag)
    }

    /// The name of the index of a model.
    public static func name(model: [UInt8]) -> [UInt8] {
        [UInt8]("reprise:index:model:") + escaped(model)
    }

    /// The name of the index of a namespace.
    public static func name(namespace: [UInt8]) -> [UInt8] {
        [UInt8]("reprise:index:namespace:") + escaped(namespace)
    }

    /// The name of the index of a credential, of which only the SHA-256 is known.
    public static func name(credentialScope: [UInt8]) -> [UInt8] {
        [UInt8]("reprise:index:credential:") + Hex.encode(credentialScope)
    }

    /// The value with every byte but RFC 3986's unreserved ones (§2.3) as `%` and two upper-case
    /// hexadecimal digits, so that a name is printable ASCII whatever the value is.
    private static func escaped(_ value: [UInt8]) -> [UInt8] {
        var escaped: [UInt8] = []
        escaped.reserveCapacity(value.count)
        for byte in value {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                escaped.append(byte)
            default:
                escaped.append(0x25)
                escaped.append(upperHexDigit(byte >> 4))
                escaped.append(upperHexDigit(byte & 0xF))
            }
        }
        return escaped
    }

    private static func upperHexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 + value : 0x41 + value - 10
    }
}
