import Testing

@testable import reprise

/// Where settings come from, and which source wins.
struct SettingSourceTests {
    @Test func flagsBeatEnvironmentBeatsFileBeatsDefault() throws {
        let yaml = "memory: 1KB\nmax-entry: 1KB\nmax-body: 1KB\n"
        let settings = try load(
            file: "reprise.yaml", yaml,
            flags: ["memory": ["3KB"]],
            environment: ["REPRISE_MEMORY": "2KB", "REPRISE_MAX_ENTRY": "2KB"])
        #expect(settings.memory == 3_000)
        #expect(settings.maxEntry == 2_000)
        #expect(settings.maxBody == 1_000)
        #expect(settings.maxStore == 2_000_000_000)
    }

    @Test func upstreamsAreTakenWholeFromOneSource() throws {
        let settings = try load(
            flags: ["upstream": ["a=https://x"]], environment: ["REPRISE_UPSTREAM": "b=https://y"])
        #expect(settings.upstreams.map(\.name) == ["a"])
    }

    @Test func upstreamsStandInTheEnvironmentSeparatedByCommas() throws {
        let settings = try load(environment: [
            "REPRISE_UPSTREAM": "b=https://y, a=https://x"
        ])
        #expect(settings.upstreams.map(\.name) == ["b", "a"])
    }

    @Test func noneInAStrongerSourceTakesALimitAway() throws {
        let settings = try load(
            flags: ["ttl": ["none"]], environment: ["REPRISE_TTL": "1h"])
        #expect(settings.ttl == nil)
    }

    @Test func lastOfARepeatedFlagCounts() throws {
        #expect(try load(flags: ["memory": ["1KB", "2KB"]]).memory == 2_000)
    }

    @Test func emptyVariableIsAsIfNotSet() throws {
        #expect(try load(environment: ["REPRISE_TTL": ""]) == standard)
    }

    @Test func badValueThatIsOverriddenDoesNotMatter() throws {
        let settings = try load(
            flags: ["memory": ["1KB"]], environment: ["REPRISE_MEMORY": "12 elephants"])
        #expect(settings.memory == 1_000)
    }

    @Test func badValueIsNamedWithItsSource() throws {
        let flaw = "\"12 elephants\" is not a size; write 256MB"
        #expect(message(flags: ["memory": ["12 elephants"]]) == "--memory: \(flaw)")
        #expect(
            message(environment: ["REPRISE_MEMORY": "12 elephants"])
                == "REPRISE_MEMORY: \(flaw)")
        #expect(
            message(file: "reprise.yaml", "memory: 12 elephants")
                == "reprise.yaml: memory: \(flaw)")
        #expect(
            message(file: "reprise.json", "{\"memory\": \"12 elephants\"}")
                == "reprise.json: memory: \(flaw)")
    }

    @Test(arguments: Setting.all.filter { $0.name != Setting.configFile })
    func everySettingIsReadFromEverySource(setting: Setting) throws {
        // A value that no setting allows, as is and in the quotes of a file: each source must come
        // to refuse it.
        let (bad, quoted) =
            switch setting.kind {
            case .file: ("\0", "\\u0000")
            case .headerName: ("a b", "a b")
            default: ("!", "!")
            }
        #expect(message(flags: [setting.name: [bad]])?.hasPrefix("\(setting.flag): \"") == true)
        #expect(
            message(environment: [setting.variable: bad])?.hasPrefix("\(setting.variable): \"")
                == true)
        for (name, text) in [
            ("s.yaml", "\(setting.name): \"\(quoted)\""),
            ("s.json", "{\"\(setting.name)\": \"\(quoted)\"}"),
        ] {
            let refusal = message(file: name, text)
            #expect(refusal?.hasPrefix("\(name): \(setting.name): \"") == true)
        }
    }

    @Test func storeIsReadFromEverySource() throws {
        #expect(try load(flags: ["store": ["memory:"]]).store == .memory)
        #expect(try load(environment: ["REPRISE_STORE": "memory:"]).store == .memory)
        #expect(try load(file: "s.yml", "store: 'memory:'\n").store == .memory)
        #expect(try load(file: "s.json", "{\"store\": \"memory:\"}").store == .memory)
    }

    @Test func unknownVariableIsAWarning() throws {
        let environment = [
            "REPRISE_MEMROY": "1", "REPRISE_WHATEVER": "2", "REPRISE_A\nB": "", "REPRISE": "",
        ]
        #expect(try load(environment: environment) == standard)
        #expect(
            try warnings(environment: environment) == [
                "REPRISE_A\\nB is not a setting and is ignored",
                "REPRISE_MEMROY is not a setting and is ignored; did you mean REPRISE_MEMORY?",
                "REPRISE_WHATEVER is not a setting and is ignored",
            ])
    }

    @Test func knownVariablesGiveNoWarning() throws {
        #expect(
            try warnings(environment: ["REPRISE_MEMORY": "1KB", "REPRISE_CONFIG": ""]).isEmpty)
    }

    @Test func messageIsOneLineWhateverTheValue() {
        let text = "a\nb\u{1B}[31m" + String(repeating: "x", count: 1_000)
        let shown = message(flags: ["memory": [text]]) ?? ""
        #expect(shown.hasPrefix("--memory: \"a\\nb\\u{1B}[31mxxx"))
        #expect(shown.hasSuffix("xxx...\" is not a size; write 256MB"))
        #expect(shown.count < 160)
    }
}
