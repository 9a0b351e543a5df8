import RepriseCore
import Testing

/// The vectors of `canonical-json.json`, whose answers another program gave.
struct CanonicalJSONVectorTests {
    struct Vectors: Decodable {
        let canonical: [Accepted]
        let rejected: [Rejected]
    }

    struct Accepted: Decodable {
        let name: String
        let document: String
        let canonical: String
    }

    struct Rejected: Decodable {
        let name: String
        /// The document, or else `bytes`: what is not UTF-8 cannot stand in JSON.
        let document: String?
        /// Hexadecimal digits.
        let bytes: String?
        let error: String
    }

    private let vectors: Vectors

    init() throws {
        vectors = try VectorFile.decode("canonical-json.json")
    }

    @Test func acceptedDocumentsHaveTheirForm() throws {
        #expect(vectors.canonical.count > 100)
        for vector in vectors.canonical {
            let form = try CanonicalJSON.form(of: Array(vector.document.utf8))
            #expect(form == Array(vector.canonical.utf8), "\(vector.name)")
            #expect(try CanonicalJSON.form(of: form) == form, "\(vector.name), again")
        }
    }

    @Test func rejectedDocumentsGiveTheirError() throws {
        #expect(vectors.rejected.count > 100)
        for vector in vectors.rejected {
            let document = vector.bytes.map(Self.bytes) ?? Array((vector.document ?? "").utf8)
            #expect("\(vector.name)") {
                try CanonicalJSON.form(of: document)
            } throws: { error in
                "\(error)" == vector.error
            }
        }
    }

    @Test func documentsWithDifferentFormsDiffer() {
        // Each group of spellings in the file means one thing; here all of them are told apart.
        let numbers = vectors.canonical.filter { $0.name.hasPrefix("number ") }
        #expect(numbers.count > 50)
        for left in numbers {
            for right in numbers where left.canonical != right.canonical {
                #expect(
                    (try? CanonicalJSON.form(of: left.document))
                        != (try? CanonicalJSON.form(of: right.document)))
            }
        }
    }

    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.compactMap(\.hexDigitValue).map(UInt8.init)
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
