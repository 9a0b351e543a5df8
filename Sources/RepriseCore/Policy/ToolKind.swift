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
        if Self.clientTypes.contains(where: { name.equals($0) })
            || Self.clientPrefixes.contains(where: { name.starts(withLiteral: $0) })
        {
            self = .runByClient
        } else if Self.hostedPrefixes.contains(where: { name.starts(withLiteral: $0) }) {
            self = .hosted
        } else {
            self = .unknown
        }
    }

    private static let clientTypes: [StaticString] = [
        "function", "custom", "namespace", "computer", "apply_patch", "local_shell",
    ]
    /// Types that carry a date or a variant after these, such as `bash_20250124`.
    private static let clientPrefixes: [StaticString] = [
        "computer_", "bash", "text_editor", "memory_", "tool_search", "image_generation",
        "advisor_",
    ]
    /// `shell` may also be run by the client, which its `environment` says; that is not looked at.
    private static let hostedPrefixes: [StaticString] = [
        "web_search", "web_fetch", "x_search", "google_search", "file_search", "mcp",
        "code_interpreter", "code_execution", "shell", "hosted_shell", "browser",
    ]
}
