import Foundation
import NIOCore
import RepriseTesting
import Testing

@testable import RepriseStorage

struct KVMetadataTests {
    private struct Decoded: Decodable {
        var until: Int64?
        var labels: [String]
        var cut: Bool?
    }

    private func decode(_ entry: StoredEntry) throws -> Decoded {
        let json = KVMetadata.json(entry)
        #expect(json.count <= 1024)
        return try JSONDecoder().decode(Decoded.self, from: Data(json))
    }

    @Test func emptyLabelsAreAnEmptyList() throws {
        let metadata = try decode(
            StoredEntry(
                key: SampleResponses.key(1), text: ByteBuffer(), retainedUntil: nil,
                labels: EntryLabels()))
        #expect(metadata.labels == [])
        #expect(metadata.until == nil && metadata.cut == nil)
    }

    @Test(arguments: 0...60)
    func tagsThatFindNoRoomAreCut(count: Int) throws {
        let tags = (0..<count).map { Array("tag number \($0)".utf8) }
        let metadata = try decode(
            SampleResponses.entry(1, text: [], retainedUntil: .max, tags: tags))
        #expect(metadata.until == .max)
        #expect(metadata.labels.prefix(2).last == "namespace:tests")
        let kept = metadata.labels.filter { $0.hasPrefix("tag:") }.count
        #expect(metadata.cut == (kept < count ? true : nil))
        #expect(count < 30 || kept > 20)
    }

    @Test func labelThatIsTooLongLeavesRoomForOthers() throws {
        var entry = SampleResponses.entry(1, text: [], tags: [[0x61]])
        entry.labels.model = [UInt8](repeating: 0xFF, count: 400)
        let metadata = try decode(entry)
        #expect(metadata.cut == true)
        #expect(metadata.labels.last == "tag:a")
    }

    @Test func everyTruncationOfAnEnvelopeIsNone() throws {
        let text =
            #"{"errors":[{"code":10009,"message":"é"}],"result":{"until":5,"unsuccessful_keys":["a",{}],"x":[1]},"success":true}"#
        let bytes = Array(text.utf8)
        let whole = try #require(KVAnswer(ByteBuffer(bytes: bytes)))
        #expect(whole.success && whole.code == 10009 && whole.message == Array("é".utf8))
        #expect(whole.retainedUntil == 5 && whole.unsuccessfulKeys == 2)
        for length in 0..<bytes.count {
            #expect(KVAnswer(ByteBuffer(bytes: bytes[..<length])) == nil)
        }
    }
}
