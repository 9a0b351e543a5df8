import RepriseCore
import RepriseNetwork
import RepriseProxy

extension ProxyError {
    /// A request that cannot be read.
    init(_ error: HTTP1Error) {
        switch error {
        case .headTooLarge:
            self.init(
                status: 431, code: "head_too_large",
                message: Array("The request's head has too many bytes or fields.".utf8))
        case .malformed(let flaw):
            self.init(
                status: 400, code: "malformed_request",
                message: Array("The request is malformed: ".utf8) + [UInt8](flaw)
                    + Array(".".utf8))
        case .unknownTransferCoding:
            self.init(
                status: 501, code: "transfer_coding_not_supported",
                message: Array("Of transfer codings, only chunked alone is supported.".utf8))
        case .malformedChunk(let flaw):
            self.init(
                status: 400, code: "incomplete_request",
                message: Array("The request's body is malformed: ".utf8) + [UInt8](flaw)
                    + Array(".".utf8))
        case .truncated:
            self.init(
                status: 400, code: "incomplete_request",
                message: Array("The request ended before it was complete.".utf8))
        }
    }

    /// HTTP in clear text where TLS is spoken.
    static let plaintextOnTLSPort = ProxyError(
        status: 400, code: "https_required",
        message: Array("This port speaks HTTPS; use https://.".utf8))

    /// A head that took too long.
    static let requestTimeout = ProxyError(
        status: 408, code: "request_timeout",
        message: Array("The request's head did not come in time.".utf8))
}

extension HTTP1RequestHead {
    /// The request as the exchange takes it.
    var arrived: ArrivedRequest {
        var declaredLength: Int64?
        if case .length(let length) = framing { declaredLength = length }
        return ArrivedRequest(
            method: method, target: target, headers: fields.headerFields,
            hasBody: framing != .none, declaredLength: declaredLength)
    }
}
