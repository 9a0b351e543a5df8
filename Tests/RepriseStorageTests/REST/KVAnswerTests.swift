import Testing

@testable import RepriseStorage

struct KVAnswerTests {
    @Test func everyTruncationOfAnEnvelopeIsNone() throws {
        let text =
            #"{"errors":[{"code":10009,"message":"é"}],"result":{"until":5,"unsuccessful_keys":["a",{}],"x":[1]},"success":true}"#
        let bytes = Array(text.utf8)
        let whole = try #require(KVAnswer(bytes))
        #expect(whole.success && whole.code == 10009 && whole.message == Array("é".utf8))
        #expect(whole.retainedUntil == 5 && whole.unsuccessfulKeys == 2)
        for length in 0..<bytes.count {
            #expect(KVAnswer(Array(bytes[..<length])) == nil)
        }
    }
}
