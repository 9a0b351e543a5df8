import RepriseCore

extension BaseURL {
    /// The URL that requests go to by default: OpenAI's.
    static let openAI: BaseURL = {
        do throws(Flaw) {
            return try BaseURL(parsing: Array("https://api.openai.com/v1".utf8))
        } catch {
            preconditionFailure("the default upstream is not a URL")
        }
    }()

    /// The whole URL, without a slash at the end.
    var description: String { String(decoding: text, as: UTF8.self) }
}
