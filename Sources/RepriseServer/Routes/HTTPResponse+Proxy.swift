import HTTPTypes
import RepriseCore
import RepriseProxy

extension HTTPResponse {
    /// The head of a proxied response, with `Date` (RFC 9110 §6.6.1) and the length where it is
    /// known.
    init(_ response: ProxyResponse) {
        var fields = HTTPFields()
        fields.reserveCapacity(response.headers.count + 2)
        for field in response.headers {
            guard let name = HTTPField.Name(String(decoding: field.name, as: UTF8.self)) else {
                continue
            }
            fields.append(HTTPField(name: name, value: field.value))
        }
        if let length = response.knownLength {
            fields[.contentLength] = String(length)
        }
        if fields[.date] == nil {
            fields[.date] = HTTPDate.now()
        }
        self.init(status: .init(code: Int(response.status)), headerFields: fields)
    }
}
