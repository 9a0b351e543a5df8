import Foundation
import Testing

@testable import RepriseServer

/// Files of settings in both notations.
struct SettingsFileTests {
    @Test func yamlAndJSONSayTheSame() async throws {
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
        var expected = ServerSettings()
        expected.listen = ListenAddress(host: "::1", port: 0)
        expected.upstreams = [
            NamedUpstream(
                name: "anthropic", url: try UpstreamURL(parsing: "https://api.anthropic.com")),
            NamedUpstream(
                name: "local", url: try UpstreamURL(parsing: "http://localhost:8000/v1")),
        ]
        expected.memory = 1_000
        expected.ttl = 3_600
        expected.sharesAcrossCredentials = true
        expected.logFormat = .json
        for (name, text) in [("a.yaml", yaml), ("a.yml", yaml), ("a.json", json), ("A.JSON", json)]
        {
            var settings = try await load(file: name, text)
            #expect(settings.configFile?.hasSuffix("/\(name)") == true)
            settings.configFile = nil
            #expect(settings == expected)
        }
    }

    @Test(arguments: [
        ("a.yaml", "upstream:\n  b: https://y\n  a: https://x\n"),
        ("a.json", "{\"upstream\": {\"b\": \"https://y\", \"a\": \"https://x\"}}"),
    ])
    func upstreamsMayBeAMap(name: String, text: String) async throws {
        let upstreams = try await load(file: name, text).upstreams
        #expect(upstreams.map { "\($0.name)=\($0.url)" } == ["a=https://x", "b=https://y"])
    }

    @Test(arguments: [
        ("a.yaml", "upstream: a=https://x"), ("a.json", "{\"upstream\": \"a=https://x\"}"),
    ])
    func oneUpstreamNeedsNoList(name: String, text: String) async throws {
        #expect(try await load(file: name, text).upstreams.map(\.name) == ["a"])
    }

    @Test(arguments: [
        ("a.yaml", ""), ("a.yaml", "# memory: 1KB\n\n---\n  # nothing\n"), ("a.yaml", "{}"),
        ("a.yaml", "ttl:\n"), ("a.yaml", "ttl: ~\nmemory: null\nupstream:\n"), ("a.json", "{}"),
        ("a.json", "{\"ttl\": null, \"memory\": \"\", \"upstream\": []}"),
    ])
    func fileThatSetsNothing(name: String, text: String) async throws {
        var settings = try await load(file: name, text)
        settings.configFile = nil
        #expect(settings == ServerSettings())
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
    func unknownKeyIsAnError(text: String, message expected: String) async throws {
        #expect(try await message(file: "a.yaml", text) == "a.yaml: \(expected)")
    }

    @Test func unknownJSONKeyIsAnError() async throws {
        #expect(
            try await message(file: "a.json", "{\"max_entry\": 1}")
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
    func valueOfTheWrongKindIsAnError(text: String, message expected: String) async throws {
        #expect(try await message(file: "a.yaml", text) == "a.yaml: \(expected)")
    }

    @Test(arguments: [
        ("threads", "1.5", "\"1.5\" is not a number of threads; write 1 to 1024"),
        ("memory", "[1, 2]", "\"1,2\" is not a size; write 256MB"),
        ("upstream", "[1]", "\"1\" is not NAME=URL; write anthropic=https://api.anthropic.com"),
        ("upstream", "[1.5]", "\"1.5\" is not NAME=URL; write anthropic=https://api.anthropic.com"),
    ])
    func jsonValueOfTheWrongKindIsAnError(
        key: String, value: String, message expected: String
    ) async throws {
        #expect(
            try await message(file: "a.json", "{\"\(key)\": \(value)}")
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
    func malformedFileIsOneLine(name: String, text: String) async throws {
        let shown = try #require(try await message(file: name, text))
        #expect(shown.hasPrefix("\(name): "))
        #expect(shown.count > name.count + 10)
        #expect(!shown.contains("\n"))
        #expect(!shown.contains("secret"))
    }

    @Test func fileThatIsNotThere() async {
        #expect(
            await message(flags: [.configFile: ["/nowhere/reprise.yaml"]])
                == "--config: \"/nowhere/reprise.yaml\" does not exist")
        #expect(
            await message(environment: ["REPRISE_CONFIG": "/nowhere/reprise.json"])
                == "REPRISE_CONFIG: \"/nowhere/reprise.json\" does not exist")
    }

    @Test func fileWithoutAKnownExtension() async throws {
        for name in ["reprise.toml", "reprise", ""] {
            #expect(
                await message(flags: [.configFile: [name]])
                    == "--config: \"\(name)\" does not end in .yaml, .yml or .json; rename it")
        }
    }

    @Test func folderIsNoFile() async throws {
        try await withFile("inside.txt", "") { path in
            let folder = String(path.dropLast("/inside.txt".count))
            let link = folder + "/a.yaml"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder)
            #expect(
                await message(flags: [.configFile: [link]])
                    == "--config: \"\(link)\" is a directory")
        }
    }
}
