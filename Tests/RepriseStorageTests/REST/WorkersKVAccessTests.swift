import RepriseStorage
import Testing

struct WorkersKVAccessTests {
    private static let account = "023e105f4ecef8ad9ca31a8372d0c353"
    private static let namespace = "0f2ac74b498b48028cb68387c421e279"
    private static let store = "\(account)/\(namespace)"

    private func parse(
        _ text: String, _ environment: [String: String] = ["CLOUDFLARE_API_TOKEN": "cf-secret"]
    ) throws -> WorkersKVAccess {
        try WorkersKVAccess(parsing: text, environment: environment)
    }

    @Test func textNamesTheNamespace() throws {
        let access = try parse(Self.store.uppercased())
        #expect(access.account == Self.account)
        #expect(access.namespace == Self.namespace)
        #expect(access.description == "workers-kv:" + Self.store)
    }

    @Test func tokenIsNeverShown() throws {
        let url = try parse(Self.store)
        var dumped = ""
        dump(url, to: &dumped)
        for text in ["\(url)", String(reflecting: url), dumped] {
            #expect(!text.contains("cf-secret"))
        }
    }

    @Test(arguments: [
        "", "\(account)", "\(account)/",
        "/\(namespace)",
        "\(account)/team-cache", "\(account)/\(namespace)/x",
        "//\(account)/\(namespace)", "\(account)0/\(namespace)",
    ])
    func malformedNameIsToldHowToWriteIt(text: String) {
        let error = #expect(throws: InvalidStoreAccess.self) { try parse(text) }
        #expect(error?.description.contains("write workers-kv:ACCOUNT/NAMESPACE") == true)
    }

    @Test(arguments: [[:], ["CLOUDFLARE_API_TOKEN": ""]])
    func missingTokenIsNamed(environment: [String: String]) {
        let error = #expect(throws: InvalidStoreAccess.self) { try parse(Self.store, environment) }
        #expect(error?.description.hasPrefix("CLOUDFLARE_API_TOKEN is not set") == true)
    }

    @Test func anotherAddressMustBeOne() throws {
        var environment = ["CLOUDFLARE_API_TOKEN": "cf-secret", "CLOUDFLARE_API_BASE_URL": ""]
        let standard = try parse(Self.store, environment)
        environment["CLOUDFLARE_API_BASE_URL"] = "https://api.cloudflare.com/client/v4/"
        #expect(try parse(Self.store, environment) == standard)
        environment["CLOUDFLARE_API_BASE_URL"] = "http://127.0.0.1:1"
        #expect(try parse(Self.store, environment) != standard)
        environment["CLOUDFLARE_API_BASE_URL"] = "api.cloudflare.com"
        let error = #expect(throws: InvalidStoreAccess.self) { try parse(Self.store, environment) }
        #expect(error?.description.hasPrefix("CLOUDFLARE_API_BASE_URL is not the URL") == true)
    }
}
