import Testing

@testable import RepriseServer

/// One setting has one name, and the help says it all.
struct SettingNameTests {
    @Test(arguments: [
        (Setting.maxEntry, "--max-entry", "REPRISE_MAX_ENTRY"),
        (.tlsCertificate, "--tls-cert", "REPRISE_TLS_CERT"),
        (.memoryTTL, "--memory-ttl", "REPRISE_MEMORY_TTL"),
        (.configFile, "--config", "REPRISE_CONFIG"),
    ])
    func flagAndVariableAreTheSameName(setting: Setting, flag: String, variable: String) {
        #expect(setting.flag == flag)
        #expect(setting.variable == variable)
    }

    @Test(arguments: Setting.allCases)
    func helpNamesDefaultAndVariable(setting: Setting) {
        #expect(setting.help.contains(setting.variable))
        if let text = setting.defaultText {
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
