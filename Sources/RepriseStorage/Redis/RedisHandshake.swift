/// What a new connection says before it is used, as a state machine without I/O.
///
/// `HELLO 3` with the password; a server that does not know it gets `AUTH` and is spoken to in
/// version 2 of the protocol. Then the database is chosen. The connection's name, and the end of
/// one that was given up, are tried only.
struct RedisHandshake {
    /// A connection that was given up while commands were unanswered. It must end before anything
    /// else is asked for, lest the server perform them later.
    struct GivenUp: Equatable, Sendable {
        /// The server's number of the connection.
        var id: Int64
        /// This side's address, as the server writes it.
        var address: String
    }

    /// What to do next.
    enum Action: Equatable {
        /// Send these, and hand in the reply to each.
        case send([RedisCommand])
        /// Wait for the next reply.
        case wait
        /// Use the connection; the server's number of it, if it has told.
        case ready(id: Int64?)
        /// Close the connection; the words follow the server's name.
        case fail(RedisFailure, String)
    }

    private enum State {
        case greeting
        case authenticating
        case settling
    }

    private let user: String?
    private let password: String?
    private let database: Int
    private let givenUp: GivenUp?
    private var state = State.greeting
    private var id: Int64?
    /// For each reply that is awaited, whether it has to be a good one.
    private var awaited: [Bool] = []

    /// Makes the handshake of a connection.
    init(_ address: RedisAddress, givenUp: GivenUp?) {
        user = address.user
        password = address.password
        database = address.database
        self.givenUp = givenUp
    }

    /// What to send first.
    func start() -> RedisCommand {
        guard let password else { return RedisCommand("HELLO", "3") }
        return RedisCommand("HELLO", "3", "AUTH", user ?? "default", password)
    }

    /// Takes the next reply.
    mutating func receive(_ reply: RESPValue) -> Action {
        switch state {
        case .greeting:
            guard case .error(let failure) = reply else {
                guard case .array(let parts) = reply else {
                    return .fail(RedisFailure("ERR".utf8), "does not speak as Redis does")
                }
                id = Self.id(in: parts)
                return settle()
            }
            // Servers before version 6, and proxies, do not know HELLO or do not let it through.
            guard ["ERR", "NOPROTO", "NOPERM"].contains(failure.code) else {
                return .fail(failure, "")
            }
            guard let password else { return settle() }
            state = .authenticating
            var command = RedisCommand("AUTH")
            if let user { command.words.append(Array(user.utf8)) }
            command.words.append(Array(password.utf8))
            return .send([command])
        case .authenticating:
            guard case .error(let failure) = reply else { return settle() }
            return .fail(failure, "takes no password, or not this one")
        case .settling:
            guard let isNeeded = awaited.popLast() else { return .wait }
            if isNeeded, case .error(let failure) = reply {
                return .fail(failure, "has no database \(database)")
            }
            return awaited.isEmpty ? .ready(id: id) : .wait
        }
    }

    private mutating func settle() -> Action {
        state = .settling
        var commands: [(RedisCommand, isNeeded: Bool)] = []
        if let givenUp {
            commands.append(
                (
                    RedisCommand(
                        "CLIENT", "KILL", "ID", String(givenUp.id), "ADDR", givenUp.address), false
                ))
        }
        if database != 0 { commands.append((RedisCommand("SELECT", String(database)), true)) }
        commands.append((RedisCommand("CLIENT", "SETNAME", "reprise"), false))
        commands.append((RedisCommand("CLIENT", "SETINFO", "LIB-NAME", "reprise"), false))
        awaited = commands.reversed().map(\.isNeeded)
        return .send(commands.map(\.0))
    }

    /// The number of the connection in the reply to `HELLO`, a map.
    private static func id(in parts: [RESPValue]) -> Int64? {
        for index in stride(from: 0, to: parts.count - 1, by: 2) where parts[index].text == "id" {
            return parts[index + 1].number
        }
        return nil
    }
}
