/// Where a tool of a request runs, by its `type`.
enum ToolKind: Equatable {
    /// The client runs it, or it neither sees nor changes the world: the response depends on the
    /// request alone.
    case runByClient
    /// The upstream runs it, and it sees or changes the live world.
    case hosted
    /// A type that is not known here. It is taken for a hosted one: a false miss costs money, a
    /// stale answer about the world is wrong.
    case unknown

    /// Sorts a type; a vendor's prefix as in `openrouter:web_search` does not matter.
    init(type: [UInt8]) {
        let colon = type.lastIndex(of: UInt8(ascii: ":"))
        let name = colon.map { Array(type[($0 + 1)...]) } ?? type
        if Self.clientPrefixes.contains(where: { name.starts(withLiteral: $0) }) {
            self = .runByClient
        } else if Self.hostedPrefixes.contains(where: { name.starts(withLiteral: $0) }) {
            self = .hosted
        } else {
            self = .unknown
        }
    }

    private static let clientPrefixes: [StaticString] = [
        "function", "custom", "computer", "bash", "text_editor", "memory", "apply_patch",
        "local_shell", "tool_search", "image_generation", "namespace", "advisor",
    ]
    private static let hostedPrefixes: [StaticString] = [
        "web_search", "web_fetch", "x_search", "google_search", "file_search", "mcp",
        "code_interpreter", "code_execution", "shell", "hosted_shell", "container",
    ]
}
