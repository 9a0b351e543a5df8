import RepriseCore

/// What JavaScript is to do next for a request.
enum Step {
    /// Answer with a whole body.
    case respond(ResponseHead, Body)
    /// Send a request to the upstream, then tell of its head, or of its failure.
    case forward(Message, Fetch.Body)
    /// Read the request's body, at most so many bytes.
    case readBody(limit: Int64)
    /// Hash each of these with SHA-256 and hand in the digests, one after the other.
    case hash([[UInt8]])
    /// Load what the store holds under a name.
    case load([UInt8])
    /// Answer with the head, then with the bytes that came so far, then with what comes.
    case stream(ResponseHead, soFar: [UInt8], isRecorded: Bool)
    /// Read the upstream's body before answering.
    case collect
    /// Go on with the body; no longer handing it in if it is not recorded, and no longer reading it
    /// without a client if it is not worth finishing.
    case proceed(isRecorded: Bool)
    /// Store a text under a name, for at most so many milliseconds; nil: for good.
    case save(name: [UInt8], text: [UInt8], milliseconds: Int64?)
    /// Nothing is left to do.
    case done

    /// Where the body of an answer is.
    enum Body {
        /// In the step.
        case inline([UInt8])
        /// It is the first of the byte strings that were hashed last.
        case hashed
    }

    /// The head of a request to the upstream.
    struct Message {
        /// The whole URL.
        var url: [UInt8]
        /// The method as sent.
        var method: [UInt8]
        /// All header fields that the upstream is to see.
        var headers: [HeaderField]
    }
}

/// What JavaScript is to do beside a step.
struct StepFlags: OptionSet {
    /// The bits as JavaScript reads them.
    let rawValue: UInt8

    /// Remove the entry that was loaded: it is damaged.
    static let removesEntry = StepFlags(rawValue: 1)
    /// Ask for the entry afterwards, and store it.
    static let hasEntry = StepFlags(rawValue: 2)
}

extension Step {
    /// A response that is here as a whole.
    static func respond(_ response: WholeResponse) -> Step {
        switch response.body {
        case .bytes(let bytes): .respond(response.head, .inline(bytes))
        // It was hashed when it was loaded, and nothing since.
        case .stored: .respond(response.head, .hashed)
        }
    }

    /// The step as a frame: its kind, the flags, its values in the order of the declaration.
    func encoded(_ flags: StepFlags) -> [UInt8] {
        var writer = FrameWriter()
        writer.write(byte: kind)
        writer.write(byte: flags.rawValue)
        switch self {
        case .respond(let head, let body):
            writer.write(head)
            switch body {
            case .inline(let bytes):
                writer.write(byte: 0)
                writer.write(bytes: bytes)
            case .hashed:
                writer.write(byte: 1)
            }
        case .forward(let message, let body):
            writer.write(bytes: message.url)
            writer.write(bytes: message.method)
            writer.write(fields: message.headers)
            writer.write(byte: body == .none ? 0 : 1)
        case .readBody(let limit):
            writer.write(wideNumber: limit)
        case .hash(let messages):
            writer.write(number: UInt32(messages.count))
            for message in messages { writer.write(bytes: message) }
        case .load(let name):
            writer.write(bytes: name)
        case .stream(let head, let soFar, let isRecorded):
            writer.write(head)
            writer.write(bytes: soFar)
            writer.write(byte: isRecorded ? 1 : 0)
        case .proceed(let isRecorded):
            writer.write(byte: isRecorded ? 1 : 0)
        case .save(let name, let text, let milliseconds):
            writer.write(bytes: name)
            writer.write(bytes: text)
            writer.write(wideNumber: milliseconds ?? -1)
        case .collect, .done:
            break
        }
        return writer.frame
    }

    private var kind: UInt8 {
        switch self {
        case .respond: 0
        case .forward: 1
        case .readBody: 2
        case .hash: 3
        case .load: 4
        case .stream: 5
        case .collect: 6
        case .proceed: 7
        case .save: 8
        case .done: 9
        }
    }
}

extension FrameWriter {
    fileprivate mutating func write(_ head: ResponseHead) {
        write(number: UInt32(bitPattern: head.status))
        write(fields: head.headers)
    }
}
