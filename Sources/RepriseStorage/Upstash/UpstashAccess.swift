/// Which Upstash database to use, and the token that opens it.
public struct UpstashAccess: Sendable, Equatable {
    /// The address of the database's REST API.
    let base: APIBaseURL
    /// The token that may read and write.
    let token: APIToken

    private static let urlVariable = "UPSTASH_REDIS_REST_URL"
    private static let tokenVariable = "UPSTASH_REDIS_REST_TOKEN"

    /// Parses what follows `upstash:`, which is nothing, and reads the two variables that Upstash's
    /// own clients read (upstash.com/docs/redis/features/restapi).
    ///
    /// - Parameters:
    ///   - text: What follows the colon.
    ///   - environment: `UPSTASH_REDIS_REST_URL` and `UPSTASH_REDIS_REST_TOKEN` are read.
    /// - Throws: ``StoreURL/Invalid`` when text follows, or a variable is missing or malformed.
    public init(
        parsing text: String, environment: [String: String]
    ) throws(InvalidStoreAccess) {
        guard text.isEmpty else {
            throw InvalidStoreAccess(
                description: "upstash: takes nothing after the colon; write upstash: and set "
                    + "\(Self.urlVariable) and \(Self.tokenVariable)")
        }
        guard let url = environment[Self.urlVariable], !url.isEmpty else {
            throw InvalidStoreAccess(
                description: "\(Self.urlVariable) is not set; copy it from the REST API section of "
                    + "the database in the Upstash console")
        }
        base = try APIBaseURL(
            parsing: url, variable: Self.urlVariable, example: "https://NAME.upstash.io")
        token = try APIToken(
            variable: Self.tokenVariable, environment: environment,
            hint: "copy it from the REST API section of the database in the Upstash console")
    }
}

extension UpstashAccess: CustomStringConvertible {
    /// `upstash:` and the database's address.
    public var description: String { "upstash: \(base.text)" }
}
