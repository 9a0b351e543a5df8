import RepriseCore

/// A request as it arrived.
struct Arrival {
    /// What the variables say.
    var settings: WorkerSettings
    /// The method as sent.
    var method: [UInt8]
    /// The target in origin form.
    var target: [UInt8]
    /// All header fields.
    var headers: [HeaderField]
    /// Whether a body comes with it.
    var hasBody: Bool
    /// Whether the core has failed on this request before: then it is only passed on.
    var isUncached: Bool
}

/// How a request begins.
enum Beginning {
    /// It is answered at once.
    case over(Step)
    /// It goes on.
    case exchange(Exchange, Step)
}

extension Exchange {
    /// Takes a request up: route, directives, and what the head alone decides.
    static func begin(_ arrival: Arrival) -> Beginning {
        let settings = arrival.settings
        let index: Int
        let head: RequestHead
        switch RouteTable(names: settings.names).route(target: arrival.target) {
        case .health, .ready:
            return .over(health)
        case .notFound:
            return .over(OwnError.unknownRoute(names: settings.names).step())
        case .upstream(let route, let path, let query):
            index = route
            head = RequestHead(
                method: arrival.method, path: path, query: query, headers: arrival.headers)
        }
        if asksForWebSocket(head.headers) { return .over(OwnError.webSocket.step()) }
        let directives: Directives
        do throws(DirectiveError) {
            directives = try Directives.parse(head.headers)
        } catch {
            return .over(OwnError.invalid(error).step())
        }
        let exchange = Exchange(
            settings: settings, head: head, upstream: index, directives: directives)
        return .exchange(exchange, exchange.first(arrival))
    }

    private func first(_ arrival: Arrival) -> Step {
        if arrival.isUncached {
            forwardReason = .bypass
            return forward(arrival.hasBody ? .unread : .none)
        }
        if let reason = RequestPolicy.bypass(head, directives) {
            return bypass(reason, arrival.hasBody ? .unread : .none)
        }
        phase = .requestBody
        if let declared = head.headers.first(named: "content-length"),
            declared.allSatisfy({ 0x30...0x39 ~= $0 }), !fits(declared)
        {
            return requestBodyTooLarge()
        }
        return .readBody(limit: settings.maximumBodySize)
    }

    private func fits(_ digits: [UInt8]) -> Bool {
        digits.count <= 18
            && digits.reduce(Int64(0)) { $0 * 10 + Int64($1 - 0x30) } <= settings.maximumBodySize
    }

    private static let health = Step.respond(
        Step.Answer(
            status: 200,
            headers: [HeaderField(name: .init("content-type"), value: .init("application/json"))]),
        .inline(.init("{\"ok\":true}")))

    private static func asksForWebSocket(_ headers: [HeaderField]) -> Bool {
        let folded = (headers.first(named: "upgrade") ?? []).map {
            0x41...0x5A ~= $0 ? $0 | 0x20 : $0
        }
        let name: StaticString = "websocket"
        let length = name.utf8CodeUnitCount
        guard folded.count >= length else { return false }
        return (0...(folded.count - length)).contains {
            Array(folded[$0..<($0 + length)]).equals(name)
        }
    }
}
