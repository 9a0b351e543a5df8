internal import CLibuv

/// A TCP connection that is being made.
final class ConnectAttempt: LoopAttempt {
    private let stream: TCPStream
    private var completion: ((Result<any ByteStream, NetworkError>) -> Void)?

    /// Begins to connect.
    init(
        on loop: UVEventLoop, to address: SocketAddress,
        _ completion: @escaping (Result<any ByteStream, NetworkError>) -> Void
    ) {
        stream = TCPStream(on: loop, peer: address)
        self.completion = completion
        let request = UnsafeMutablePointer<uv_connect_t>.allocate(capacity: 1)
        let status = address.withSystemAddress { system, _ in
            uv_tcp_connect(request, stream.handle, system, connectedCallback)
        }
        if status == 0 {
            request.pointee.data = Unmanaged.passRetained(self).toOpaque()
        } else {
            request.deallocate()
            loop.defer { self.ended(status) }
        }
    }

    func cancel() {
        guard completion != nil else { return }
        assert(stream.eventLoop.isCurrent, "an attempt is cancelled on its loop's thread")
        completion = nil
        stream.closeNow(.closedHere)
    }

    fileprivate func callBack(_ status: Int32) {
        stream.eventLoop.turn { ended(status) }
    }

    private func ended(_ status: Int32) {
        guard let completion else { return }
        self.completion = nil
        guard status == 0, let descriptor = stream.descriptor else {
            stream.closeNow(.closedHere)
            // Only the loop's own end closes the stream under an attempt that is not cancelled.
            if status != UV_ECANCELED.rawValue { completion(.failure(.ofLoop(status))) }
            return
        }
        SocketOptions.setCommon(on: descriptor)
        completion(.success(stream))
    }
}

/// An attempt on a loop that ends: nothing comes of it.
final class VainAttempt: LoopAttempt {
    func cancel() {}
}

extension UVEventLoop {
    func connect(
        to address: SocketAddress,
        _ completion: @escaping (Result<any ByteStream, NetworkError>) -> Void
    ) -> any LoopAttempt {
        assert(isCurrent, "a loop is used on its own thread")
        guard !isEnding else { return VainAttempt() }
        return ConnectAttempt(on: self, to: address, completion)
    }
}

private func connectedCallback(_ request: UnsafeMutablePointer<uv_connect_t>?, _ status: Int32) {
    guard let request, let data = request.pointee.data else { return }
    request.deallocate()
    Unmanaged<ConnectAttempt>.fromOpaque(data).takeRetainedValue().callBack(status)
}
