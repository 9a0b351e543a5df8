import RepriseCore

/// The reading of the Worker's variables.
struct WorkerSettings {
    /// What they come to.
    private(set) var exchange = ExchangeSettings(
        maximumEntrySize: 4_000_000, maximumBodySize: 8_000_000, bodyLimitName: "MAX_BODY")

    /// A variable whose value cannot be used.
    struct Flaw: Error {
        /// What is wrong, where, and what to write instead.
        var message: [UInt8]

        /// What every request is answered with until it is mended.
        var response: WholeResponse {
            ProxyError(
                status: 500, code: "invalid_setting", message: message, shouldRetry: false
            ).response()
        }
    }

    /// The most bytes that may be asked for: a body takes eight times its length while it is worked on,
    /// and an isolate has 128 MB for everything.
    static let largestSize: Int64 = 12_000_000

    /// Takes up a variable; an empty one counts as not set, one that is not known is passed over.
    mutating func take(name: [UInt8], value: [UInt8]) throws(Flaw) {
        if value.isEmpty { return }
        if name.equals("DEFAULT_UPSTREAM") {
            guard let url = BaseURL.normalised(value) else {
                throw flaw(name, "is not a base URL; write one such as https://api.openai.com/v1")
            }
            exchange.upstreams[0] = url
        } else if name.equals("UPSTREAMS") {
            try takeUpstreams(name, value)
        } else if name.equals("TTL") {
            let seconds = try number(name, value, "a number of seconds; write one such as 86400")
            exchange.defaultTTL = min(seconds, Int64(Int32.max))
        } else if name.equals("MAX_ENTRY") {
            exchange.maximumEntrySize = try size(name, value)
        } else if name.equals("MAX_BODY") {
            exchange.maximumBodySize = try size(name, value)
        } else if name.equals("SHARE_ACROSS_CREDENTIALS") {
            exchange.sharesCredentials = try choice(name, value, "true", "false")
        } else if name.equals("ON_DISCONNECT") {
            exchange.finishesAlone = try choice(name, value, "finish", "cancel")
        }
    }

    /// Reads `name=URL` pairs, separated by white space or commas.
    private mutating func takeUpstreams(_ name: [UInt8], _ value: [UInt8]) throws(Flaw) {
        for piece in value.split(whereSeparator: { $0 <= 0x20 || $0 == UInt8(ascii: ",") }) {
            guard let equals = piece.firstIndex(of: UInt8(ascii: "=")),
                isName(Array(piece[..<equals])),
                let url = BaseURL.normalised(Array(piece[(equals + 1)...]))
            else {
                throw flaw(
                    name, "is not a list of NAME=URL; write anthropic=https://api.anthropic.com")
            }
            let upstream = Array(piece[..<equals])
            if exchange.names.contains(upstream) {
                throw flaw(name, "gives two upstreams one name; give each its own")
            }
            exchange.names.append(upstream)
            exchange.upstreams.append(url)
        }
    }

    private func isName(_ name: [UInt8]) -> Bool {
        let isReserved =
            name.equals("proxy") || name.equals("v1") || name.equals("health")
            || name.equals("ready")
        return !isReserved && !name.isEmpty && name[0] != UInt8(ascii: "-")
            && name[0] != UInt8(ascii: "_")
            && name.allSatisfy {
                0x61...0x7A ~= $0 || 0x30...0x39 ~= $0 || $0 == UInt8(ascii: "-")
                    || $0 == UInt8(ascii: "_")
            }
    }

    private func size(_ name: [UInt8], _ value: [UInt8]) throws(Flaw) -> Int64 {
        let size = try number(name, value, "a number of bytes; write one such as 4000000")
        guard size <= Self.largestSize else {
            throw flaw(name, "is more than a Worker can hold; write at most 12000000")
        }
        return size
    }

    private func number(
        _ name: [UInt8], _ value: [UInt8], _ advice: StaticString
    ) throws(Flaw) -> Int64 {
        guard 1...15 ~= value.count, value.allSatisfy({ 0x30...0x39 ~= $0 }) else {
            throw flaw(name, "is not ", advice)
        }
        let number = value.reduce(Int64(0)) { $0 * 10 + Int64($1 - 0x30) }
        guard number > 0 else {
            throw flaw(name, "is not above zero; leave it out, or write ", advice)
        }
        return number
    }

    private func choice(
        _ name: [UInt8], _ value: [UInt8], _ yes: StaticString, _ no: StaticString
    ) throws(Flaw) -> Bool {
        if value.equals(yes) { return true }
        if value.equals(no) { return false }
        throw Flaw(
            message: name + [UInt8](" is not a choice; write ") + [UInt8](yes) + [UInt8](" or ")
                + [UInt8](no))
    }

    private func flaw(
        _ name: [UInt8], _ predicate: StaticString, _ advice: StaticString = ""
    ) -> Flaw {
        Flaw(message: name + [UInt8](" ") + [UInt8](predicate) + [UInt8](advice))
    }
}
