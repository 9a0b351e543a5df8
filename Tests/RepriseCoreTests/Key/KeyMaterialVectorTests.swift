import RepriseCrypto
import RepriseCore
import Testing

/// The vectors of `key-material.json`, whose digests another program computed.
struct KeyMaterialVectorTests {
    struct Vector: Decodable {
        let name: String
        let upstream: String
        let method: String
        let path: String
        let query: String?
        let mediaType: String
        let namespace: String?
        let sharesCredentials: Bool
        let headers: [[String]]
        let body: String
        let canonicalBody: String
        let materialLength: Int
        let key: String
        let credentialScope: String

        var head: RequestHead {
            RequestHead(
                method: Array(method.utf8), path: Array(path.utf8),
                query: query.map { Array($0.utf8) },
                headers: headers.map {
                    HeaderField(name: Array($0[0].utf8), value: Array($0[1].utf8))
                })
        }
    }

    private let vectors: [Vector]

    init() throws {
        vectors = try VectorFile.decode("key-material.json")
    }

    @Test func materialHasTheExpectedDigest() throws {
        #expect(vectors.count > 40)
        for vector in vectors {
            let body = try CanonicalJSON.form(of: Array(vector.body.utf8))
            #expect(body == Array(vector.canonicalBody.utf8), "\(vector.name)")
            let material = KeyMaterial.build(
                upstream: Array(vector.upstream.utf8), head: vector.head,
                mediaType: Array(vector.mediaType.utf8),
                namespace: vector.namespace.map { Array($0.utf8) },
                sharesCredentials: vector.sharesCredentials, canonicalBody: body.span)
            #expect(material.count == vector.materialLength, "\(vector.name)")
            #expect(Self.hexDigest(of: material) == Array(vector.key.utf8), "\(vector.name)")
        }
    }

    @Test func credentialScopeHasTheExpectedDigest() {
        for vector in vectors {
            let scope = KeyMaterial.credentialScope(of: vector.head)
            #expect(
                Self.hexDigest(of: scope) == Array(vector.credentialScope.utf8), "\(vector.name)")
        }
    }

    private static func hexDigest(of bytes: [UInt8]) -> [UInt8]? {
        CacheKey(digest: Array(SHA256.hash(bytes.span)).span)?.hex
    }
}
