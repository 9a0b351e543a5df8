internal import Synchronization

/// What a simulated upstream does with each request.
public struct Script: Sendable {
    private let decide: @Sendable (SimulatedRequest) -> SimulatedResponse?
    private var holdUpload: @Sendable (_ method: String, _ target: String) -> Gate? = { _, _ in
        nil
    }

    /// Creates a script that asks a closure.
    ///
    /// - Parameter answer: Called once for each whole request, on the connection's event loop, so
    ///   it must not block. Nil leaves the request to a 404 in the OpenAI shape.
    public init(_ answer: @escaping @Sendable (SimulatedRequest) -> SimulatedResponse?) {
        decide = answer
    }

    /// Creates a script that looks for the first rule that fits.
    ///
    /// - Parameters:
    ///   - rules: Tried in order.
    ///   - fallback: Answers what no rule fits; nil answers 404.
    public init(rules: [Rule], otherwise fallback: Script? = nil) {
        decide = { request in
            for rule in rules where rule.fits(request) {
                return rule.next()
            }
            return fallback?.response(to: request)
        }
    }

    /// The same response for every request.
    public static func always(_ response: SimulatedResponse) -> Script {
        Script { _ in response }
    }

    /// One response after the other, over all requests; the last one is given again and again.
    ///
    /// - Parameter responses: None answers 404 to everything.
    public static func sequence(_ responses: [SimulatedResponse]) -> Script {
        Script(rules: [Rule(answers: responses)])
    }

    /// The same script, which stops reading a request behind its head until a gate opens.
    ///
    /// What the kernel and one read hold is taken all the same: it shows an upstream that is slow
    /// to take an upload, not one that takes no byte.
    ///
    /// - Parameter gate: Called with method and target; nil reads on.
    public func holdingUploads(
        _ gate: @escaping @Sendable (_ method: String, _ target: String) -> Gate?
    ) -> Script {
        var script = self
        script.holdUpload = gate
        return script
    }

    /// The answer to one request.
    public func response(to request: SimulatedRequest) -> SimulatedResponse {
        decide(request)
            ?? .error(status: 404, message: "Invalid URL (\(request.method) \(request.path))")
    }

    /// The gate that the body of such a request waits at; nil for none.
    func uploadGate(method: String, target: String) -> Gate? {
        holdUpload(method, target)
    }
}

extension Script {
    /// A line of a script's table: which requests, and what they get one after the other.
    public final class Rule: Sendable {
        private let method: String?
        private let path: String?
        private let answers: [SimulatedResponse]
        private let given = Mutex(0)

        /// Creates a rule.
        ///
        /// - Parameters:
        ///   - method: The method it is for; nil for each.
        ///   - path: The exact path without query; nil for each.
        ///   - answers: The first fitting request gets the first, and so on; the last one is given
        ///     again and again. A rule without answers fits nothing.
        public init(method: String? = nil, path: String? = nil, answers: [SimulatedResponse]) {
            self.method = method
            self.path = path
            self.answers = answers
        }

        /// Whether the rule is for this request and has an answer at all.
        func fits(_ request: SimulatedRequest) -> Bool {
            !answers.isEmpty && (method == nil || method == request.method)
                && (path == nil || path == request.path)
        }

        /// The answer whose turn it is; asked for only when the rule fits.
        func next() -> SimulatedResponse {
            let index = given.withLock { given in
                let index = min(given, answers.count - 1)
                given += 1
                return index
            }
            return answers[index]
        }
    }
}
