import Testing

@testable import reprise

/// One setting has one name, and the help says it all.
struct SettingNameTests {
    @Test(arguments: [
        ("max-entry", "--max-entry", "REPRISE_MAX_ENTRY"),
        ("tls-cert", "--tls-cert", "REPRISE_TLS_CERT"),
        ("memory-ttl", "--memory-ttl", "REPRISE_MEMORY_TTL"),
        ("config", "--config", "REPRISE_CONFIG"),
    ])
    func flagAndVariableAreTheSameName(name: String, flag: String, variable: String) throws {
        let setting = try #require(Setting.named(name))
        #expect(setting.flag == flag)
        #expect(setting.variable == variable)
    }

    @Test func namesAreDistinct() {
        #expect(Set(Setting.all.map(\.name)).count == Setting.all.count)
        #expect(Setting.named("config")?.name == "config")
        #expect(Setting.named("cfg") == nil)
    }

    @Test(arguments: Setting.all)
    func helpNamesDefaultAndVariable(setting: Setting) {
        #expect(setting.help.contains(setting.variable))
        if case .value(let text) = setting.fallback {
            #expect(setting.help.contains("default: \(text);"))
        }
    }

    @Test(arguments: [
        ("memroy", "memory"), ("MEMORY", "memory"), ("tt", "ttl"), ("logformat", "log-format"),
        ("stor", "store"), ("nothing-like-it", nil), ("", nil),
        (String(repeating: "x", count: 10_000), nil),
    ])
    func misspeltNameIsRecognised(name: String, meant: String?) {
        let names = ["listen", "log-format", "memory", "store", "ttl"]
        #expect(Spelling.nearest(to: name, in: names) == meant)
    }
}
