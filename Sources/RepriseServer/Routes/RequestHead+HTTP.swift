import HTTPTypes
import RepriseCore

extension RequestHead {
    /// The head of a request as the core reads it.
    ///
    /// - Parameters:
    ///   - path: The path below the upstream's base.
    ///   - query: The query without its `?`, nil when there is none.
    init(_ request: HTTPRequest, path: [UInt8], query: [UInt8]?) {
        self.init(
            method: Array(request.method.rawValue.utf8), path: path, query: query,
            headers: request.headerFields.map { field in
                HeaderField(
                    name: Array(field.name.canonicalName.utf8),
                    value: field.withUnsafeBytesOfValue { Array($0) })
            })
    }
}
