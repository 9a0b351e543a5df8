import Foundation
import RepriseCore
import Testing

struct ErrorBodyTests {
    @Test func bodyHasTheShapeThatTheSDKsRead() {
        let body = ErrorBody.json(message: "say \"hi\"\n".wire, code: "not_found")
        #expect(
            body.readable
                == #"{"error":{"message":"say \"hi\"\n","type":"reprise_error","#
                + #""param":null,"code":"not_found"}}"#)
    }

    @Test func messageThatIsNotTextIsStillJSON() throws {
        let body = ErrorBody.json(message: [0x61, 0xFF, 0x62], code: "x")
        let json = try JSONSerialization.jsonObject(with: Data(body)) as? [String: [String: Any]]
        #expect(json?["error"]?["message"] as? String == "a?b")
    }
}
