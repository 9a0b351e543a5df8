import RepriseCore

/// What is allowed and yet probably not meant.
enum SettingsAdvice {
    /// A line for each thing worth a second look.
    static func lines(about settings: ServerSettings, _ sources: SettingsSources) -> [String] {
        var lines: [String] = []
        if !settings.listen.isLoopback, settings.tlsCertificate == nil {
            lines.append(
                "\(sources.label(named: "listen")): \(settings.listen) can be reached from other "
                    + "machines, and without TLS keys and prompts travel there in the clear")
        }
        let label = sources.label(named: "default-upstream")
        if let advice = advice(about: settings.defaultUpstream) {
            lines.append("\(label): \(advice)")
        }
        for upstream in settings.upstreams {
            if let advice = advice(about: upstream.url) {
                lines.append("\(sources.label(named: "upstream")): \(advice)")
            }
        }
        return lines
    }

    /// Bases of well-known APIs whose path is often forgotten.
    private static let bases = [
        "api.openai.com": "/v1", "api.groq.com": "/openai/v1", "openrouter.ai": "/api/v1",
        "api.mistral.ai": "/v1", "api.together.xyz": "/v1",
    ]

    /// Paths that are endpoints below a base.
    private static let endpoints = [
        "/chat/completions", "/completions", "/responses", "/embeddings", "/messages",
    ]

    private static func advice(about url: BaseURL) -> String? {
        let text = url.description
        let path = String(decoding: url.path, as: UTF8.self)
        for endpoint in endpoints where path.hasSuffix(endpoint) {
            return "\(QuotedValue(text)) is an endpoint, not the base of an API; "
                + "most likely \(text.dropLast(endpoint.count)) is meant"
        }
        let host = String(decoding: url.host, as: UTF8.self)
        if path.isEmpty, let base = bases[host] {
            return "\(QuotedValue(text)) has no path; most likely \(text)\(base) is meant"
        }
        return nil
    }
}
