import Foundation
import RepriseCore
import RepriseLogging
import Testing

@testable import reprise

/// Files of settings in both notations.
struct SettingsFileTests {
    @Test func yamlAndJSONSayTheSame() throws {
        let yaml = """
            # A comment
            listen: "[::1]:0"
            upstream:
              - anthropic=https://api.anthropic.com
              - local=http://localhost:8000/v1
            memory: 1000
            ttl: 1h
            share-across-credentials: yes
            log-format: json
            """
        let json = """
            {"listen": "[::1]:0",
             "upstream": ["anthropic=https://api.anthropic.com", "local=http://localhost:8000/v1"],
             "memory": 1000, "ttl": "1h", "share-across-credentials": true, "log-format": "json"}
            """
        var expected = standard
        expected.listen = ListenAddress(host: "::1", port: 0)
        expected.upstreams = [
            NamedUpstream(
                name: "anthropic", url: try BaseURL(parsing: Array("https://api.anthropic.com".utf8))),
            NamedUpstream(
                name: "local", url: try BaseURL(parsing: Array("http://localhost:8000/v1".utf8))),
        ]
        expected.memory = 1_000
        expected.ttl = 3_600
        expected.sharesAcrossCredentials = true
        expected.logFormat = .json
        for (name, text) in [("a.yaml", yaml), ("a.yml", yaml), ("a.json", json), ("A.JSON", json)]
        {
            var settings = try load(file: name, text)
            #expect(settings.configFile?.hasSuffix("\(name)") == true)
            settings.configFile = nil
            #expect(settings == expected)
        }
    }

    @Test(arguments: [
        ("a.yaml", "upstream:\n  b: https://y\n  a: https://x\n"),
        ("a.json", "{\"upstream\": {\"b\": \"https://y\", \"a\": \"https://x\"}}"),
    ])
    func upstreamsMayBeAMap(name: String, text: String) throws {
        let upstreams = try load(file: name, text).upstreams
        #expect(upstreams.map { "\($0.name)=\($0.url.description)" } == ["a=https://x", "b=https://y"])
    }

    @Test(arguments: [
        ("a.yaml", "upstream: a=https://x"), ("a.json", "{\"upstream\": \"a=https://x\"}"),
    ])
    func oneUpstreamNeedsNoList(name: String, text: String) throws {
        #expect(try load(file: name, text).upstreams.map(\.name) == ["a"])
    }

    @Test(arguments: [
        ("a.yaml", ""), ("a.yaml", "# memory: 1KB\n\n---\n  # nothing\n"), ("a.yaml", "{}"),
        ("a.yaml", "ttl:\n"), ("a.yaml", "ttl: ~\nmemory: null\nupstream:\n"), ("a.json", "{}"),
        ("a.json", "{\"ttl\": null, \"memory\": \"\", \"upstream\": []}"),
    ])
    func fileThatSetsNothing(name: String, text: String) throws {
        var settings = try load(file: name, text)
        settings.configFile = nil
        #expect(settings == standard)
    }

    @Test(arguments: [
        ("memroy: 1KB", "\"memroy\" is not a setting; did you mean memory?"),
        ("max_entry: 1KB", "\"max_entry\" is not a setting; did you mean max-entry?"),
        ("maxEntry: 1KB", "\"maxEntry\" is not a setting; did you mean max-entry?"),
        ("colour: red", "\"colour\" is not a setting; `reprise serve --help` lists them"),
        ("config: b.yaml", "\"config\" is not a setting; `reprise serve --help` lists them"),
        (
            "cache:\n  memory: 1",
            "\"cache.memory\" is not a setting; `reprise serve --help` lists them"
        ),
    ])
    func unknownKeyIsAnError(text: String, message expected: String) throws {
        #expect(message(file: "a.yaml", text) == "a.yaml: \(expected)")
    }

    @Test func unknownJSONKeyIsAnError() throws {
        #expect(
            message(file: "a.json", "{\"max_entry\": 1}")
                == "a.json: \"max_entry\" is not a setting; did you mean max-entry?")
    }

    @Test(arguments: [
        ("memory: [1, 2]", "memory: \"1,2\" is not a size; write 256MB"),
        ("threads: 1.5", "threads: \"1.5\" is not a number of threads; write 1 to 1024"),
        ("memory: true", "memory: \"true\" is not a size; write 256MB"),
        (
            "upstream: [1]",
            "upstream: \"1\" is not NAME=URL; write anthropic=https://api.anthropic.com"
        ),
    ])
    func valueOfTheWrongKindIsAnError(text: String, message expected: String) throws {
        #expect(message(file: "a.yaml", text) == "a.yaml: \(expected)")
    }

    @Test(arguments: [
        ("threads", "1.5", "\"1.5\" is not a number of threads; write 1 to 1024"),
        ("memory", "[1, 2]", "\"1,2\" is not a size; write 256MB"),
        ("upstream", "[1]", "\"1\" is not NAME=URL; write anthropic=https://api.anthropic.com"),
        ("upstream", "[1.5]", "\"1.5\" is not NAME=URL; write anthropic=https://api.anthropic.com"),
    ])
    func jsonValueOfTheWrongKindIsAnError(
        key: String, value: String, message expected: String
    ) throws {
        #expect(
            message(file: "a.json", "{\"\(key)\": \(value)}")
                == "a.json: \(key): \(expected)")
    }

    @Test(arguments: [
        ("a.yaml", "memory: 'secret"), ("a.yaml", "- a\n- b"), ("a.yaml", "just text"),
        ("a.yaml", "a: [\nb: c}"), ("a.yaml", "memory: 1\nmemory: 2"),
        ("a.yaml", "upstream: [[a]]"),
        ("a.yaml", "upstream:\n  - a: secret"), ("a.json", ""), ("a.json", "{\"a\":}"),
        ("a.json", "[1]"), ("a.json", "{\"memory\": 1"), ("a.json", "{\"upstream\": [{}]}"),
        ("a.json", "{\"upstream\": [\"a\", 1]}"),
    ])
    func malformedFileIsOneLine(name: String, text: String) throws {
        let shown = try #require(message(file: name, text))
        #expect(shown.hasPrefix("\(name): "))
        #expect(shown.count > name.count + 10)
        #expect(!shown.contains("\n"))
        #expect(!shown.contains("secret"))
    }

    @Test func fileThatIsNotThere() {
        #expect(
            message(flags: ["config": ["/nowhere/reprise.yaml"]])
                == "--config: \"/nowhere/reprise.yaml\" does not exist")
        #expect(
            message(environment: ["REPRISE_CONFIG": "/nowhere/reprise.json"])
                == "REPRISE_CONFIG: \"/nowhere/reprise.json\" does not exist")
    }

    @Test func fileWithoutAKnownExtension() throws {
        for name in ["reprise.toml", "reprise", ""] {
            #expect(
                message(flags: ["config": [name]])
                    == "--config: \"\(name)\" does not end in .yaml, .yml or .json; rename it")
        }
    }

    @Test func folderIsNoFile() throws {
        try withFolder { folder in
            let link = folder + "/a.yaml"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder)
            #expect(
                messageOfProcess(config: link) == "--config: \"\(link)\" is a directory")
        }
    }

    @Test func fileIsReadFromTheDisk() throws {
        try withFolder { folder in
            let path = folder + "/a.yaml"
            try "memory: 12 elephants".write(toFile: path, atomically: true, encoding: .utf8)
            #expect(
                messageOfProcess(config: path)
                    == "\(path): memory: \"12 elephants\" is not a size; write 256MB")
            #expect(
                messageOfProcess(config: folder + "/b.yaml")
                    == "--config: \"\(folder)/b.yaml\" does not exist")
            let long = String(repeating: "#", count: 2 << 20)
            try long.write(toFile: path, atomically: true, encoding: .utf8)
            #expect(
                messageOfProcess(config: path)
                    == "--config: \"\(path)\" is longer than 1 MiB; name a file of settings")
        }
    }

    @Test(arguments: [
        "store: memory:", "store: memory:\r\nmemory: 1KB\r\n", "store:   memory:   # only\n",
        "# first\nstore:\tmemory:\n", "store: 'memory:'", "store: \"memory:\"",
        "{store: \"memory:\"}", "---\nstore: memory:\n...\n",
    ])
    func valueMayEndInAColon(text: String) throws {
        #expect(try load(file: "a.yaml", text).store == .memory)
    }

    @Test(arguments: [
        ("a.yaml", "memory: &a 1KB\nmax-body: *a\n"), ("a.yaml", "memory: 1\n---\nmemory: 2\n"),
        ("a.yaml", "? [a]\n: b\n"), ("a.yaml", "memory: {a: 1}"), ("a.yaml", "\tmemory: 1"),
        ("a.yaml", "upstream: {a: [secret]}"), ("a.yaml", "upstream: {a: secret, a: secret}"),
        ("a.yaml", "upstream: [{a: secret}]"), ("a.yaml", "memory: 'a\u{1}secret'"),
        ("a.yaml", "<<: {memory: secret}"), ("a.json", "  \n"), ("a.json", "\"memory\""),
        ("a.json", "{\"memory\": [\"secret"), ("a.yaml", "memory: \"\\ud800\""),
    ])
    func otherShapesAreRefusedInOneLine(name: String, text: String) throws {
        let shown = try #require(message(file: name, text))
        #expect(shown.hasPrefix("\(name): "))
        #expect(!shown.contains("\n"))
        #expect(!shown.contains("secret"))
    }

    @Test func deepNestingAndBadBytesAreSurvived() throws {
        for text in [
            String(repeating: "[", count: 500_000), String(repeating: "{a: ", count: 100_000),
            "upstream: " + String(repeating: "[", count: 500_000),
        ] {
            #expect(message(file: "a.yaml", text)?.hasPrefix("a.yaml: ") == true)
        }
        for bytes: [UInt8] in [
            [0xFF], [0xFF, 0xFE, 0x41], [0x6D, 0x3A, 0x20, 0xC3], [0], [0xEF, 0xBB, 0xBF, 0x5B],
        ] {
            let shown = message(flags: ["config": ["a.yaml"]], files: ["a.yaml": bytes])
            #expect(shown?.hasPrefix("a.yaml: ") == true)
        }
    }

    @Test func everyTruncationOfAFileIsReadOrRefusedInOneLine() {
        let text = Array(
            """
            # A comment
            listen: "[::1]:0"
            store: memory:
            upstream:
              - a=https://a.example
            share-across-credentials: yes
            """.utf8)
        for end in 0...text.count {
            let shown = message(
                flags: ["config": ["a.yaml"]], files: ["a.yaml": Array(text[..<end])])
            if let shown {
                #expect(shown.hasPrefix("a.yaml: ") && !shown.contains("\n"), "\(end): \(shown)")
            }
        }
    }

    /// The message that loading a file from the disk ends with.
    private func messageOfProcess(config path: String) -> String? {
        var surroundings = Surroundings.ofProcess()
        surroundings.environment = home
        do throws(SettingsError) {
            _ = try SettingsLoader.load(flags: ["config": [path]], in: surroundings)
            return nil
        } catch {
            return error.message
        }
    }

    private func withFolder(_ body: (_ path: String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(component: "reprise-\(UUID().uuidString)", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer {
            // A folder left behind harms nothing.
            try? FileManager.default.removeItem(at: folder)
        }
        try body(String(folder.path))
    }
}
