/// Reads the words behind a command's name.
///
/// A flag that takes a value takes the next word whatever it is, so that a bad value is reported as
/// such, not as an unknown flag. `--name=value` is the same. A switch takes a value by `=` only.
enum FlagReader {
    /// What stands on a command line.
    struct Reading: Equatable {
        /// The values of each flag, in order.
        var values: [String: [String]] = [:]
        /// Whether help is asked for.
        var wantsHelp = false
        /// Whether the version is asked for.
        var wantsVersion = false
    }

    /// Reads words.
    ///
    /// - Throws: ``UsageError`` for the first that is no flag of these, or has no value.
    static func read(
        _ words: [String], flags: [Flag], command: String
    ) throws(UsageError) -> Reading {
        var reading = Reading()
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "-h" || word == "--help" {
                reading.wantsHelp = true
                return reading
            }
            if word == "--version" {
                reading.wantsVersion = true
                return reading
            }
            guard word.hasPrefix("-"), word != "-", word != "--" else {
                throw UsageError("\(QuotedValue(word)) is not expected; \(advice(command))")
            }
            let equals = word.firstIndex(of: "=")
            let name = String(word[..<(equals ?? word.endIndex)].dropFirst(2))
            let value = equals.map { String(word[word.index(after: $0)...]) }
            guard word.hasPrefix("--"), let (flag, isNegated) = find(name, in: flags) else {
                throw unknown(String(word[..<(equals ?? word.endIndex)]), rest.first, flags, command)
            }
            if flag.isSwitch {
                if isNegated, value != nil {
                    throw UsageError("--\(name) takes no value; write --\(flag.name)=false")
                }
                reading.values[flag.name, default: []].append(value ?? "\(!isNegated)")
            } else if let value = value ?? rest.popFirst() {
                reading.values[flag.name, default: []].append(value)
            } else {
                throw UsageError("--\(flag.name) needs a value; write \(flag.usage)")
            }
        }
        return reading
    }

    private static func find(_ name: String, in flags: [Flag]) -> (Flag, isNegated: Bool)? {
        if let flag = flags.first(where: { $0.name == name }) { return (flag, false) }
        guard name.hasPrefix("no-") else { return nil }
        let positive = name.dropFirst(3)
        return flags.first { $0.isSwitch && $0.name == positive }.map { ($0, true) }
    }

    /// Names that other programs give to flags of ours.
    private static let otherNames = [
        "port": "listen", "p": "listen", "host": "listen", "bind": "listen", "address": "listen",
        "base-url": "default-upstream", "target": "default-upstream", "url": "default-upstream",
        "cert": "tls-cert", "key": "tls-key", "db": "store", "database": "store",
        "cache": "store", "verbose": "log-level", "v": "log-level", "workers": "threads",
    ]

    private static func unknown(
        _ word: String, _ next: String?, _ flags: [Flag], _ command: String
    ) -> UsageError {
        let name = String(word.drop { $0 == "-" })
        let known = flags.flatMap { $0.isSwitch ? [$0.name, "no-\($0.name)"] : [$0.name] }
        let subject = "\(QuotedValue(word)) is not a flag"
        if let other = otherNames[name.lowercased()], known.contains(other) {
            let isPort = other == "listen" && next.flatMap { UInt16($0) } != nil
            let value = isPort ? " 127.0.0.1:\(next ?? "")" : ""
            return UsageError("\(subject); did you mean --\(other)\(value)?")
        }
        if let near = Spelling.nearest(to: name, in: known + ["help", "version"]) {
            return UsageError("\(subject); did you mean --\(near)?")
        }
        return UsageError("\(subject); \(advice(command))")
    }

    private static func advice(_ command: String) -> String {
        "`reprise \(command) --help` lists the flags"
    }
}

/// Why a command line cannot be followed: one line for the person who wrote it.
struct UsageError: Error, Equatable {
    /// What is wrong, and what to write instead.
    let message: String

    init(_ message: String) {
        self.message = message
    }
}
