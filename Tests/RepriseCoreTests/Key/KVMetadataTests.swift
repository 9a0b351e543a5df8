import Foundation
import RepriseCore
import Testing

/// What Workers KV is told of an entry beside its text.
struct KVMetadataTests {
    private struct Decoded: Decodable {
        var until: Int64?
        var labels: [String]
        var cut: Bool?
    }

    private func decode(_ retainedUntil: Int64?, _ names: [[UInt8]]) throws -> Decoded {
        let json = KVMetadata.json(retainedUntil: retainedUntil, indexNames: names)
        #expect(json.count <= 1024)
        return try JSONDecoder().decode(Decoded.self, from: Data(json))
    }

    @Test func emptyLabelsAreAnEmptyList() throws {
        let metadata = try decode(nil, [])
        #expect(metadata.labels == [])
        #expect(metadata.until == nil && metadata.cut == nil)
    }

    @Test func labelIsTheNameOfItsIndex() throws {
        let names = PurgeIndex.names(
            tags: [Array("a b".utf8)], model: Array("m".utf8), namespace: Array("n".utf8),
            credentialScope: [0xAB])
        let metadata = try decode(1_700_000_000_000, names)
        #expect(metadata.labels == ["credential:ab", "namespace:n", "model:m", "tag:a%20b"])
        #expect(metadata.until == 1_700_000_000_000 && metadata.cut == nil)
    }

    @Test(arguments: 0...60)
    func tagsThatFindNoRoomAreCut(count: Int) throws {
        let names = PurgeIndex.names(
            tags: (0..<count).map { Array("tag number \($0)".utf8) }, model: Array("m".utf8),
            namespace: Array("tests".utf8), credentialScope: Array(repeating: 7, count: 32))
        let metadata = try decode(.max, names)
        #expect(metadata.until == .max)
        #expect(metadata.labels.prefix(2).last == "namespace:tests")
        let kept = metadata.labels.filter { $0.hasPrefix("tag:") }.count
        #expect(metadata.cut == (kept < count ? true : nil))
        #expect(count < 30 || kept > 20)
    }

    @Test func labelThatIsTooLongLeavesRoomForOthers() throws {
        let names = PurgeIndex.names(
            tags: [[0x61]], model: [UInt8](repeating: 0xFF, count: 400), namespace: nil,
            credentialScope: [])
        let metadata = try decode(nil, names)
        #expect(metadata.cut == true)
        #expect(metadata.labels == ["tag:a"])
    }
}
