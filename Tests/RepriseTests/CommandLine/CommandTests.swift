import Testing

@testable import reprise

/// What a command line asks for.
struct CommandTests {
    @Test(arguments: Setting.all.filter { $0.kind != .truth })
    func everyFlagReachesTheLoader(setting: Setting) throws {
        for value in ["value", "-1", "--memory", "", "a=b"] {
            for words in [[setting.flag, value], ["\(setting.flag)=\(value)"]] {
                #expect(try Command.read(words) == .serve(flags: [setting.name: [value]]))
                #expect(try Command.read(["serve"] + words) == .serve(flags: [setting.name: [value]]))
            }
        }
    }

    @Test(arguments: Setting.all.filter { $0.kind == .truth })
    func switchReachesTheLoader(setting: Setting) throws {
        #expect(try Command.read([setting.flag]) == .serve(flags: [setting.name: ["true"]]))
        #expect(
            try Command.read(["--no-\(setting.name)"]) == .serve(flags: [setting.name: ["false"]]))
        #expect(
            try Command.read(["\(setting.flag)=off"]) == .serve(flags: [setting.name: ["off"]]))
    }

    @Test func noFlagIsNoValue() throws {
        #expect(try Command.read([]) == .serve(flags: [:]))
        #expect(try Command.read(["serve"]) == .serve(flags: [:]))
    }

    @Test func flagsMayBeRepeated() throws {
        let words = ["--upstream", "b=x", "--upstream=a=y", "--memory", "1", "--memory", "2"]
        #expect(
            try Command.read(words)
                == .serve(flags: ["upstream": ["b=x", "a=y"], "memory": ["1", "2"]]))
    }

    @Test func demoTakesNothing() throws {
        #expect(try Command.read(["demo"]) == .demo)
        #expect(refusal(["demo", "--listen", "a"])?.contains("\"--listen\" is not a flag") == true)
    }

    @Test func simulatorTakesAPortAndRecordings() throws {
        var options = SimulateOptions()
        #expect(try Command.read(["simulate"]) == .simulate(options))
        #expect(options.port == 8790)
        options.port = 0
        options.recordings = ["a", "b"]
        let words = [
            "simulate", "--listen", "127.0.0.1:0", "--recordings", "a", "--recordings=b",
        ]
        #expect(try Command.read(words) == .simulate(options))
    }

    @Test(arguments: [
        "nowhere", "0.0.0.0:1", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:+1",
        "localhost:1", "",
    ])
    func simulatorListensToThisMachineOnly(address: String) {
        #expect(
            refusal(["simulate", "--listen", address]) == """
                --listen: "\(address)" is not an address of the simulator; write 127.0.0.1:8790
                """)
    }

    @Test(arguments: [
        (["--memroy", "1"], "\"--memroy\" is not a flag; did you mean --memory?"),
        (["serve", "--memroy=hunter2"], "\"--memroy\" is not a flag; did you mean --memory?"),
        (["--max_entry", "1"], "\"--max_entry\" is not a flag; did you mean --max-entry?"),
        (["-memory", "1"], "\"-memory\" is not a flag; did you mean --memory?"),
        (["--no-memory"], "\"--no-memory\" is not a flag; `reprise serve --help` lists the flags"),
        (["--port", "8080"], "\"--port\" is not a flag; did you mean --listen 127.0.0.1:8080?"),
        (["-p", "80"], "\"-p\" is not a flag; did you mean --listen 127.0.0.1:80?"),
        (["--port"], "\"--port\" is not a flag; did you mean --listen?"),
        (["--host", "a"], "\"--host\" is not a flag; did you mean --listen?"),
        (["--base-url", "a"], "\"--base-url\" is not a flag; did you mean --default-upstream?"),
        (["demo", "--port", "1"], "\"--port\" is not a flag; `reprise demo --help` lists the flags"),
        (["--"], "\"--\" is not expected; `reprise serve --help` lists the flags"),
        (["serve", "x"], "\"x\" is not expected; `reprise serve --help` lists the flags"),
        (["sreve"], "\"sreve\" is not a command; did you mean serve?"),
        (["xyz"], "\"xyz\" is not a command; `reprise --help` lists them"),
        (["help", "dmeo"], "\"dmeo\" is not a command; did you mean demo?"),
        (["serve", "--memory"], "--memory needs a value; write --memory SIZE"),
        (
            ["--no-share-across-credentials=true"],
            """
            --no-share-across-credentials takes no value; write --share-across-credentials=false
            """
        ),
        (
            ["--generate-completion-script", "csh"],
            "--generate-completion-script needs the name of a shell; write bash, zsh or fish"
        ),
        (
            ["--generate-completion-script"],
            "--generate-completion-script needs the name of a shell; write bash, zsh or fish"
        ),
        (["a\nb"], "\"a\\nb\" is not a command; `reprise --help` lists them"),
    ])
    func unknownWordsAreNamed(words: [String], expected: String) {
        #expect(refusal(words) == expected)
    }

    @Test func versionIsThreeNumbers() throws {
        for words in [["--version"], ["serve", "--version"], ["--memory", "1", "--version"]] {
            #expect(try Command.read(words) == .show("0.1.0\n"))
        }
        // A value flag takes the next word whatever it is.
        #expect(
            try Command.read(["--memory", "--version"])
                == .serve(flags: ["memory": ["--version"]]))
    }

    @Test func commandsAndBadSettingsHaveTheirExitCodes() {
        #expect(Reprise.run(["--bogus"]) == 64)
        #expect(Reprise.run(["serve", "--memory", "12 elephants"]) == 64)
    }

    private func refusal(_ words: [String]) -> String? {
        do throws(UsageError) {
            _ = try Command.read(words)
            return nil
        } catch {
            return error.message
        }
    }
}
