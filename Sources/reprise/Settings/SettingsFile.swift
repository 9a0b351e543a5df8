/// The settings that a YAML or JSON file holds, as texts by the settings' names.
///
/// Numbers and truth values are the texts they were written as. A blank value, and YAML's or JSON's
/// null, are as if the key were not there. A map is a list of `name=value`, sorted by name.
struct SettingsFile {
    /// The notation a file is written in.
    enum Format: Sendable {
        case json, yaml

        /// The format that a path's extension names; nil for another extension or none.
        init?(path: String) {
            guard !path.utf8.contains(0), let dot = path.lastIndex(of: ".") else { return nil }
            switch path[path.index(after: dot)...].lowercased() {
            case "json": self = .json
            case "yaml", "yml": self = .yaml
            default: return nil
            }
        }
    }

    /// Why a file's text is not a file of settings: one line that quotes nothing but names of keys.
    struct Malformation: Error {
        /// What is wrong, and where.
        let reason: String
    }

    /// The value of each setting that the file holds, as a list; of most, of one text.
    private(set) var texts: [String: [String]] = [:]

    /// Reads a file's bytes.
    ///
    /// - Throws: ``Malformation`` when it is not a map from settings to values, lists of values and
    ///   maps of values.
    init(_ bytes: [UInt8], _ format: Format) throws(Malformation) {
        let isBlank = bytes.allSatisfy { $0 == 0x20 || 0x09...0x0D ~= $0 }
        if format == .json, isBlank {
            throw Malformation(reason: "is empty; a JSON file holds an object, such as {}")
        }
        let events = YAMLEvents(format == .yaml ? Self.quotingColons(bytes) : bytes)
        do throws(YAMLEvents.Flaw) {
            try read(events)
        } catch {
            throw Malformation(reason: "line \(error.line): \(error.problem)")
        }
        if let failure { throw failure }
    }

    private var failure: Malformation?

    /// Reads all events up to the first that does not belong in a file of settings, which
    /// ``failure`` then tells of.
    private mutating func read(_ events: YAMLEvents) throws(YAMLEvents.Flaw) {
        var documents = 0
        while failure == nil {
            switch try events.next() {
            case .streamStart, .documentEnd: continue
            case .streamEnd: return
            case .documentStart:
                documents += 1
                if documents > 1 { refuse("holds more than one document; keep one") }
            case .scalar(let text, let isPlain) where Self.isNothing(text, isPlain): continue
            case .mapStart: try readSettings(events)
            default: refuse("does not hold settings; write a line such as memory: 256MB")
            }
        }
    }

    private mutating func readSettings(_ events: YAMLEvents) throws(YAMLEvents.Flaw) {
        var seen: Set<String> = []
        while failure == nil {
            let event = try events.next()
            if case .mapEnd = event { return }
            guard case .scalar(let name, _) = event else {
                refuse("has a key that is no name; write the name of a setting")
                return
            }
            guard seen.insert(name).inserted else {
                refuse("\(QuotedValue(name)) stands there twice; leave one out")
                return
            }
            try readValue(of: name, events)
        }
    }

    private mutating func readValue(
        of name: String, _ events: YAMLEvents
    ) throws(YAMLEvents.Flaw) {
        let setting = Setting.named(name)
        let isKnown = setting != nil && name != Setting.configFile
        switch try events.next() {
        case .scalar(let text, let isPlain):
            guard isKnown else { return refuseName(name) }
            if !Self.isNothing(text, isPlain) { texts[name] = [text] }
        case .listStart:
            guard isKnown else { return refuseName(name) }
            try readList(of: name, events)
        case .mapStart:
            guard isKnown, setting?.kind == .namedURL else {
                if case .scalar(let inner, _) = try events.next() {
                    return refuseName("\(name).\(inner)")
                }
                return refuseName(name)
            }
            try readMap(of: name, events)
        default: refuseShape(name)
        }
    }

    private mutating func readList(
        of name: String, _ events: YAMLEvents
    ) throws(YAMLEvents.Flaw) {
        var values: [String] = []
        var hasValue = false
        while true {
            switch try events.next() {
            case .scalar(let text, let isPlain):
                values.append(text)
                hasValue = hasValue || !Self.isNothing(text, isPlain)
            case .listEnd:
                if hasValue { texts[name] = values }
                return
            default: return refuseShape(name)
            }
        }
    }

    private mutating func readMap(
        of name: String, _ events: YAMLEvents
    ) throws(YAMLEvents.Flaw) {
        var values: [String: String] = [:]
        while true {
            let key: String
            switch try events.next() {
            case .scalar(let text, _): key = text
            case .mapEnd:
                if !values.isEmpty {
                    texts[name] = values.keys.sorted().map { "\($0)=\(values[$0] ?? "")" }
                }
                return
            default: return refuseShape(name)
            }
            guard case .scalar(let value, let isPlain) = try events.next() else {
                return refuseShape(name)
            }
            guard values[key] == nil else {
                return refuse("\(name): \(QuotedValue(key)) stands there twice; leave one out")
            }
            values[key] = Self.isNothing(value, isPlain) ? "" : value
        }
    }

    private mutating func refuse(_ reason: String) {
        failure = Malformation(reason: reason)
    }

    private mutating func refuseName(_ name: String) {
        let known = Setting.all.map(\.name).filter { $0 != Setting.configFile }
        let hint = Spelling.hint(for: name, in: known.sorted())
        refuse(
            "\(QuotedValue(name)) is not a setting; "
                + (hint ?? "`reprise serve --help` lists them"))
    }

    private mutating func refuseShape(_ name: String) {
        let shapes =
            Setting.named(name)?.kind == .namedURL
            ? "a value, a list of values or a map of values" : "a value or a list of values"
        refuse("\(name): holds what is neither \(shapes)")
    }

    /// Whether a value stands for none: YAML's null, or blank.
    private static func isNothing(_ text: String, _ isPlain: Bool) -> Bool {
        text.allSatisfy(\.isWhitespace)
            || isPlain && ["~", "null", "Null", "NULL"].contains(text)
    }

    /// The text with quotes around a value that ends in a colon, as in `store: memory:`.
    ///
    /// YAML takes such a colon for the end of another key and refuses the line. Only lines that
    /// begin with a name, and whose value is one word, are touched; no other YAML has such lines.
    private static func quotingColons(_ bytes: [UInt8]) -> [UInt8] {
        var quoted: [UInt8] = []
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            if !quoted.isEmpty || line.startIndex > 0 { quoted.append(0x0A) }
            guard let value = valueEndingInColon(line) else {
                quoted += line
                continue
            }
            quoted += line[..<value.lowerBound]
            quoted += [UInt8(ascii: "'")] + line[value] + [UInt8(ascii: "'")]
            quoted += line[value.upperBound...]
        }
        return quoted
    }

    private static func valueEndingInColon(_ line: ArraySlice<UInt8>) -> Range<Int>? {
        func skipBlanks(_ index: inout Int) {
            while index < line.endIndex, line[index] == 0x20 || line[index] == 0x09 { index += 1 }
        }
        func isWordByte(_ byte: UInt8) -> Bool {
            0x30...0x39 ~= byte || 0x61...0x7A ~= byte | 0x20 || byte == UInt8(ascii: "-")
        }
        var index = line.startIndex
        while index < line.endIndex, isWordByte(line[index]) { index += 1 }
        guard index > line.startIndex, index < line.endIndex, line[index] == UInt8(ascii: ":")
        else { return nil }
        index += 1
        let gap = index
        skipBlanks(&index)
        guard index > gap else { return nil }
        let start = index
        while index < line.endIndex, isWordByte(line[index]) { index += 1 }
        guard index > start, line[start] != UInt8(ascii: "-"), index < line.endIndex,
            line[index] == UInt8(ascii: ":")
        else { return nil }
        index += 1
        let end = index
        skipBlanks(&index)
        if index < line.endIndex, line[index] == 0x0D { index += 1 }
        guard index == line.endIndex || (index > end && line[index] == UInt8(ascii: "#")) else {
            return nil
        }
        return start..<end
    }
}
