import RepriseCore
import Testing

/// The names of the sets that find responses by their labels.
struct PurgeIndexTests {
    private func text(_ name: [UInt8]) -> String { String(decoding: name, as: UTF8.self) }

    @Test func eachKindOfLabelHasItsOwnNames() {
        #expect(text(PurgeIndex.name(tag: Array("a".utf8))) == "reprise:index:tag:a")
        #expect(text(PurgeIndex.name(model: Array("a".utf8))) == "reprise:index:model:a")
        #expect(text(PurgeIndex.name(namespace: Array("a".utf8))) == "reprise:index:namespace:a")
        #expect(
            text(PurgeIndex.name(credentialScope: [0, 0xAB, 0xFF]))
                == "reprise:index:credential:00abff")
    }

    @Test(arguments: [
        ("gpt-4.1_mini~x", "gpt-4.1_mini~x"),
        ("AZaz09", "AZaz09"),
        ("", ""),
        ("a b", "a%20b"),
        ("ft:gpt/x", "ft%3Agpt%2Fx"),
        ("100%", "100%25"),
        ("{slot}", "%7Bslot%7D"),
        ("é\n*?[", "%C3%A9%0A%2A%3F%5B"),
    ])
    func valuesAreEscaped(value: String, escaped: String) {
        #expect(text(PurgeIndex.name(tag: Array(value.utf8))) == "reprise:index:tag:" + escaped)
    }

    @Test func everyByteHasItsOwnForm() {
        let names = Set((0...255).map { PurgeIndex.name(model: [UInt8($0)]) })
        #expect(names.count == 256)
        #expect(names.allSatisfy { $0.allSatisfy { 0x21...0x7E ~= $0 } })
        #expect(text(PurgeIndex.name(tag: [0, 0xFF, 0xC0])) == "reprise:index:tag:%00%FF%C0")
    }

    @Test func responseIsInOneIndexForEachLabel() {
        let names = PurgeIndex.names(
            tags: [Array("a".utf8), Array("b".utf8), Array("a".utf8)], model: Array("m".utf8),
            namespace: Array("n".utf8), credentialScope: [1])
        #expect(
            names.map(text) == [
                "reprise:index:tag:a", "reprise:index:tag:b", "reprise:index:model:m",
                "reprise:index:namespace:n", "reprise:index:credential:01",
            ])
        #expect(PurgeIndex.names(tags: [], model: nil, namespace: nil, credentialScope: []) == [])
    }
}
