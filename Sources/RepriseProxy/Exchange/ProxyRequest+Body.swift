import NIOCore
import RepriseCore

extension ProxyRequest {
    /// Reads the whole body into memory.
    ///
    /// - Throws: ``ProxyError``: 413 when it is longer than `limit` bytes, 400 when it breaks off.
    func collectBody(upTo limit: Int) async throws(ProxyError) -> ByteBuffer {
        if let declaredLength, declaredLength > Int64(limit) { throw .bodyTooLarge(limit: limit) }
        var collected = ByteBuffer()
        do {
            for try await chunk in body {
                if collected.readableBytes + chunk.readableBytes > limit {
                    throw ProxyError.bodyTooLarge(limit: limit)
                }
                if collected.readableBytes == 0 {
                    collected = chunk
                } else {
                    collected.writeImmutableBuffer(chunk)
                }
            }
        } catch let error as ProxyError {
            throw error
        } catch {
            throw ProxyError(
                status: 400, code: "incomplete_request",
                message: "The request body ended before it was complete.", closesConnection: true)
        }
        return collected
    }
}
