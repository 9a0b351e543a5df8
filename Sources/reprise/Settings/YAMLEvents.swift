import CYAML

/// The events of a YAML 1.1 text, as libyaml reads it. JSON is a subset.
///
/// It is used by one thread, by the function that made it.
final class YAMLEvents {
    /// A step through a text.
    enum Event {
        case documentStart, documentEnd, streamStart, streamEnd
        case mapStart, mapEnd, listStart, listEnd
        /// A value; plain if it was written without quotes.
        case scalar(String, isPlain: Bool)
        /// What stands for a value given elsewhere.
        case alias
    }

    /// Why a text is not YAML.
    struct Flaw: Error {
        /// libyaml's words; they are fixed texts of the library and never quote the file.
        let problem: String
        /// Counted from 1.
        let line: Int
    }

    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>

    init(_ bytes: [UInt8]) {
        input = .allocate(capacity: bytes.count)
        _ = input.initialize(from: bytes)
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        // It fails for want of memory only, and then leaves an empty parser, whose first event fails.
        if yaml_parser_initialize(parser) != 0 {
            yaml_parser_set_input_string(parser, input.baseAddress, input.count)
        }
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        input.deallocate()
    }

    /// The next event; behind the end of the stream there is none.
    func next() throws(Flaw) -> Event {
        var event = yaml_event_t()
        guard parser.pointee.read_handler != nil, yaml_parser_parse(parser, &event) != 0 else {
            let problem = parser.pointee.problem.map { String(cString: $0) } ?? "is not YAML"
            throw Flaw(problem: problem, line: Int(parser.pointee.problem_mark.line) + 1)
        }
        defer { yaml_event_delete(&event) }
        switch event.type {
        case YAML_STREAM_START_EVENT: return .streamStart
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_MAPPING_START_EVENT: return .mapStart
        case YAML_MAPPING_END_EVENT: return .mapEnd
        case YAML_SEQUENCE_START_EVENT: return .listStart
        case YAML_SEQUENCE_END_EVENT: return .listEnd
        case YAML_ALIAS_EVENT: return .alias
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return .scalar(
                String(decoding: bytes, as: UTF8.self),
                isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
        default: return .streamEnd
        }
    }
}
