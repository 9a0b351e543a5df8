/// Which Workers KV namespace to use, and the token that opens it.
public struct WorkersKVAccess: Sendable, Equatable {
    /// The account's identifier, 32 lower-case hexadecimal digits.
    public let account: String
    /// The namespace's identifier, 32 lower-case hexadecimal digits.
    public let namespace: String
    /// The address of Cloudflare's API.
    let base: APIBaseURL
    /// A token with the permission "Workers KV Storage: Edit".
    let token: APIToken

    private static let tokenVariable = "CLOUDFLARE_API_TOKEN"
    private static let baseVariable = "CLOUDFLARE_API_BASE_URL"
    private static let standardBase = "https://api.cloudflare.com/client/v4"

    /// Parses what follows `workers-kv:` and reads the variables that Cloudflare's command line
    /// reads (developers.cloudflare.com/workers/wrangler/system-environment-variables).
    ///
    /// - Parameters:
    ///   - text: `ACCOUNT/NAMESPACE`, two identifiers of 32 hexadecimal digits.
    ///   - environment: `CLOUDFLARE_API_TOKEN` is read, and `CLOUDFLARE_API_BASE_URL` for another
    ///     address than Cloudflare's own.
    /// - Throws: ``StoreURL/Invalid`` when an identifier, the token or the address is missing or
    ///   malformed.
    public init(
        parsing text: String, environment: [String: String]
    ) throws(InvalidStoreAccess) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy(Self.isIdentifier) else {
            throw InvalidStoreAccess(
                description: "workers-kv:\(text.prefix(80)) does not name a namespace; write "
                    + "workers-kv:ACCOUNT/NAMESPACE with the two IDs of 32 hexadecimal digits that "
                    + "`wrangler whoami` and `wrangler kv namespace list` print")
        }
        account = parts[0].lowercased()
        namespace = parts[1].lowercased()
        token = try APIToken(
            variable: Self.tokenVariable, environment: environment,
            hint: "make a token with the permission Workers KV Storage: Edit in the Cloudflare "
                + "dashboard")
        let address = environment[Self.baseVariable].flatMap { $0.isEmpty ? nil : $0 }
        base = try APIBaseURL(
            parsing: address ?? Self.standardBase, variable: Self.baseVariable,
            example: Self.standardBase)
    }

    private static func isIdentifier(_ text: Substring) -> Bool {
        text.utf8.count == 32 && text.utf8.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
    }
}

extension WorkersKVAccess: CustomStringConvertible {
    /// The store as `--store` names it.
    public var description: String { "workers-kv:\(account)/\(namespace)" }
}
