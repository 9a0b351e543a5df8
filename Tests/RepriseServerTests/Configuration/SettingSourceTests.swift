import Testing

@testable import RepriseServer

/// Where settings come from, and which source wins.
struct SettingSourceTests {
    @Test func flagsBeatEnvironmentBeatsFileBeatsDefault() async throws {
        let yaml = "memory: 1KB\nmax-entry: 1KB\nmax-body: 1KB\n"
        let settings = try await load(
            file: "reprise.yaml", yaml,
            flags: [.memory: ["3KB"]],
            environment: ["REPRISE_MEMORY": "2KB", "REPRISE_MAX_ENTRY": "2KB"])
        #expect(settings.memory == 3_000)
        #expect(settings.maxEntry == 2_000)
        #expect(settings.maxBody == 1_000)
        #expect(settings.maxStore == 2_000_000_000)
    }

    @Test func upstreamsAreTakenWholeFromOneSource() async throws {
        let settings = try await load(
            flags: [.upstream: ["a=https://x"]], environment: ["REPRISE_UPSTREAM": "b=https://y"])
        #expect(settings.upstreams.map(\.name) == ["a"])
    }

    @Test func upstreamsStandInTheEnvironmentSeparatedByCommas() async throws {
        let settings = try await load(environment: [
            "REPRISE_UPSTREAM": "b=https://y, a=https://x"
        ])
        #expect(settings.upstreams.map(\.name) == ["b", "a"])
    }

    @Test func noneInAStrongerSourceTakesALimitAway() async throws {
        let settings = try await load(
            flags: [.ttl: ["none"]], environment: ["REPRISE_TTL": "1h"])
        #expect(settings.ttl == nil)
    }

    @Test func lastOfARepeatedFlagCounts() async throws {
        #expect(try await load(flags: [.memory: ["1KB", "2KB"]]).memory == 2_000)
    }

    @Test func emptyVariableIsAsIfNotSet() async throws {
        #expect(try await load(environment: ["REPRISE_TTL": ""]) == ServerSettings())
    }

    @Test func badValueThatIsOverriddenDoesNotMatter() async throws {
        let settings = try await load(
            flags: [.memory: ["1KB"]], environment: ["REPRISE_MEMORY": "12 elephants"])
        #expect(settings.memory == 1_000)
    }

    @Test func badValueIsNamedWithItsSource() async throws {
        let flaw = "\"12 elephants\" is not a size; write 256MB"
        #expect(await message(flags: [.memory: ["12 elephants"]]) == "--memory: \(flaw)")
        #expect(
            await message(environment: ["REPRISE_MEMORY": "12 elephants"])
                == "REPRISE_MEMORY: \(flaw)")
        #expect(
            try await message(file: "reprise.yaml", "memory: 12 elephants")
                == "reprise.yaml: memory: \(flaw)")
        #expect(
            try await message(file: "reprise.json", "{\"memory\": \"12 elephants\"}")
                == "reprise.json: memory: \(flaw)")
    }

    @Test(arguments: Setting.allCases.filter { $0 != .configFile })
    func everySettingIsReadFromEverySource(setting: Setting) async throws {
        // A value that no setting allows: each source must come to refuse it.
        let bad = setting == .store || setting == .tlsCertificate || setting == .tlsKey ? "" : "!"
        if !bad.isEmpty {
            #expect(
                await message(environment: [setting.variable: bad])?.hasPrefix(setting.variable)
                    == true)
            for (name, text) in [
                ("s.yaml", "\(setting.name): '!'"), ("s.json", "{\"\(setting.name)\": \"!\"}"),
            ] {
                let refusal = try await message(file: name, text)
                #expect(refusal?.hasPrefix("\(name): \(setting.name): \"!\" ") == true)
            }
        }
        #expect(await message(flags: [setting: [bad]])?.hasPrefix("\(setting.flag): ") == true)
    }

    @Test func pathsAndStoreAreReadFromEverySource() async throws {
        let fromEnvironment = try await load(environment: [
            "REPRISE_STORE": "memory:", "REPRISE_TLS_CERT": "c", "REPRISE_TLS_KEY": "k",
        ])
        let fromFile = try await load(
            file: "s.yml", "store: 'memory:'\ntls-cert: c\ntls-key: k\n")
        for settings in [fromEnvironment, fromFile] {
            #expect(settings.store == "memory:")
            #expect(settings.tls == TLSFiles(certificate: "c", privateKey: "k"))
        }
    }

    @Test func unknownVariableIsAWarning() async throws {
        let result = try await SettingsLoader.load(
            flags: [:],
            environment: [
                "REPRISE_MEMROY": "1", "REPRISE_WHATEVER": "2", "HOME": "/", "REPRISE": "",
            ])
        #expect(result.settings == ServerSettings())
        #expect(
            result.warnings == [
                "REPRISE_MEMROY is not a setting and is ignored; did you mean REPRISE_MEMORY?",
                "REPRISE_WHATEVER is not a setting and is ignored",
            ])
    }

    @Test func knownVariablesGiveNoWarning() async throws {
        let result = try await SettingsLoader.load(
            flags: [:], environment: ["REPRISE_MEMORY": "1KB", "REPRISE_CONFIG": ""])
        #expect(result.warnings.isEmpty)
    }

    @Test func messageIsOneLineWhateverTheValue() async {
        let text = "a\nb\u{1B}[31m" + String(repeating: "x", count: 1_000)
        let shown = await message(flags: [.memory: [text]]) ?? ""
        #expect(shown.hasPrefix("--memory: \"a\\nb\\u{1B}[31mxxx"))
        #expect(shown.hasSuffix("xxx...\" is not a size; write 256MB"))
        #expect(shown.count < 160)
    }
}
