internal import CNghttp2

/// What all sessions share with the library: one set of callbacks and options.
///
/// The callbacks stand below in the order of a stream's life. Each only records; none enters the
/// library but to submit or consume, which it allows.
enum HTTP2Callbacks {
    // Written once, before any session is made, and only read by the library from then on.
    nonisolated(unsafe) private static let callbacks: OpaquePointer? = {
        var callbacks: OpaquePointer?
        guard nghttp2_session_callbacks_new(&callbacks) == 0 else { return nil }
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, onBeginHeaders)
        nghttp2_session_callbacks_set_on_header_callback(callbacks, onHeader)
        nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, onInvalidHeader)
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, onDataChunk)
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, onFrameReceived)
        nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, onInvalidFrame)
        nghttp2_session_callbacks_set_send_data_callback(callbacks, sendData)
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, onFrameSent)
        nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, onFrameNotSent)
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, onStreamClosed)
        return callbacks
    }()

    // As above.
    nonisolated(unsafe) private static let options: OpaquePointer? = {
        var options: OpaquePointer?
        guard nghttp2_option_new(&options) == 0 else { return nil }
        nghttp2_option_set_no_auto_window_update(options, 1)
        nghttp2_option_set_no_closed_streams(options, 1)
        // The library counts resets by the machine's clock; ``HTTP2ServerSession`` counts them too, by
        // the loop's.
        nghttp2_option_set_stream_reset_rate_limit(options, 1 << 40, 1 << 40)
        nghttp2_option_set_max_send_header_block_length(options, 1 << 20)
        return options
    }()

    /// What reads the bodies of responses.
    static var bodyProvider: nghttp2_data_provider {
        nghttp2_data_provider(
            source: nghttp2_data_source(ptr: nil), read_callback: readBody)
    }

    /// Makes a server's session; nil without memory.
    ///
    /// - Parameter context: The ``HTTP2ServerSession``, not retained: it owns what is made here.
    static func makeSession(_ context: UnsafeMutableRawPointer) -> OpaquePointer? {
        guard let callbacks, let options else { return nil }
        var session: OpaquePointer?
        guard nghttp2_session_server_new2(&session, callbacks, context, options) == 0 else {
            return nil
        }
        return session
    }
}

private typealias Frame = UnsafePointer<nghttp2_frame>

private func session(_ context: UnsafeMutableRawPointer?) -> HTTP2ServerSession? {
    context.map { Unmanaged<HTTP2ServerSession>.fromOpaque($0).takeUnretainedValue() }
}

/// The stream that stands behind an identifier. Its session holds it until the library has closed it.
private func stream(_ session: OpaquePointer?, _ id: Int32) -> HTTP2Stream? {
    nghttp2_session_get_stream_user_data(session, id).map {
        Unmanaged<HTTP2Stream>.fromOpaque($0).takeUnretainedValue()
    }
}

private let endOfStream = UInt8(NGHTTP2_FLAG_END_STREAM.rawValue)
private let dataType = UInt8(NGHTTP2_DATA.rawValue)
private let headersType = UInt8(NGHTTP2_HEADERS.rawValue)
private let resetType = UInt8(NGHTTP2_RST_STREAM.rawValue)
private let pingType = UInt8(NGHTTP2_PING.rawValue)
private let temporalFailure = Int32(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)

private func isRequest(_ frame: Frame) -> Bool {
    frame.pointee.hd.type == headersType
        && frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST
}

private func onBeginHeaders(
    raw: OpaquePointer?, frame: UnsafePointer<nghttp2_frame>?, context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let frame, isRequest(frame), let session = session(context) else { return 0 }
    let id = frame.pointee.hd.stream_id
    let begun = session.begin(id)
    nghttp2_session_set_stream_user_data(raw, id, Unmanaged.passUnretained(begun).toOpaque())
    return 0
}

private func onHeader(
    raw: OpaquePointer?, frame: UnsafePointer<nghttp2_frame>?, name: UnsafePointer<UInt8>?,
    nameLength: Int, value: UnsafePointer<UInt8>?, valueLength: Int, flags: UInt8,
    context: UnsafeMutableRawPointer?
) -> Int32 {
    // Trailers are read over.
    guard let frame, isRequest(frame), let session = session(context),
        let stream = stream(raw, frame.pointee.hd.stream_id), !stream.isHeadTooLarge
    else { return 0 }
    stream.headByteCount += nameLength + valueLength + 32
    guard stream.headByteCount <= session.limits.headBytes,
        stream.encoded.count < session.limits.fields
    else {
        stream.isHeadTooLarge = true
        return 0
    }
    stream.encoded.append(
        name: UnsafeBufferPointer(start: name, count: nameLength),
        value: UnsafeBufferPointer(start: value, count: valueLength))
    return 0
}

/// The library would leave the field out and let another request pass.
private func onInvalidHeader(
    raw: OpaquePointer?, frame: UnsafePointer<nghttp2_frame>?, name: UnsafePointer<UInt8>?,
    nameLength: Int, value: UnsafePointer<UInt8>?, valueLength: Int, flags: UInt8,
    context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let frame else { return 0 }
    nghttp2_submit_rst_stream(
        raw, UInt8(NGHTTP2_FLAG_NONE.rawValue), frame.pointee.hd.stream_id,
        HTTP2ErrorCode.protocolError.rawValue)
    return temporalFailure
}

private func onDataChunk(
    raw: OpaquePointer?, flags: UInt8, id: Int32, bytes: UnsafePointer<UInt8>?, count: Int,
    context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let session = session(context) else { return 0 }
    guard let stream = stream(raw, id) else {
        nghttp2_session_consume_connection(raw, count)
        return 0
    }
    stream.unconsumed += count
    stream.lastProgress = session.lastActivity
    if stream.reading != .discarded {
        stream.body.append(contentsOf: UnsafeBufferPointer(start: bytes, count: count))
    }
    session.touch(stream)
    return 0
}

private func onFrameReceived(
    raw: OpaquePointer?, frame: UnsafePointer<nghttp2_frame>?, context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let frame, let session = session(context) else { return 0 }
    let header = frame.pointee.hd
    switch header.type {
    case dataType, headersType:
        let ends = header.flags & endOfStream != 0
        if header.type == dataType, !ends, header.length > 0,
            Int(frame.pointee.data.padlen) >= header.length
        {
            session.idleFrames += 1
        }
        let isRequest = isRequest(frame)
        guard ends || isRequest, let stream = stream(raw, header.stream_id) else { return 0 }
        if isRequest { stream.isHeadComplete = true }
        if ends { stream.isRequestComplete = true }
        session.touch(stream)
    case pingType where header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0:
        session.hasPong = true
    default:
        break
    }
    return 0
}

private func onInvalidFrame(
    raw: OpaquePointer?, frame: UnsafePointer<nghttp2_frame>?, code: Int32,
    context: UnsafeMutableRawPointer?
) -> Int32 {
    session(context)?.idleFrames += 1
    return 0
}

private func readBody(
    raw: OpaquePointer?, id: Int32, buffer: UnsafeMutablePointer<UInt8>?, length: Int,
    flags: UnsafeMutablePointer<UInt32>?, source: UnsafeMutablePointer<nghttp2_data_source>?,
    context: UnsafeMutableRawPointer?
) -> Int {
    guard let flags, let stream = stream(raw, id) else { return Int(temporalFailure) }
    guard stream.hasNews else {
        stream.isDeferred = true
        return Int(NGHTTP2_ERR_DEFERRED.rawValue)
    }
    let count = min(length, stream.unsentByteCount)
    if count == 0, stream.writing == .cut { return Int(temporalFailure) }
    flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_NO_COPY.rawValue)
    if stream.writing == .finished, count == stream.unsentByteCount {
        flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_EOF.rawValue)
    }
    return count
}

private func sendData(
    raw: OpaquePointer?, frame: UnsafeMutablePointer<nghttp2_frame>?, head: UnsafePointer<UInt8>?,
    length: Int, source: UnsafeMutablePointer<nghttp2_data_source>?,
    context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let frame, let head, let session = session(context) else { return temporalFailure }
    let below = session.stream
    // The library would go on for as long as the client's windows allow.
    guard below.unsentByteCount <= ByteStreamLimits.lowWaterMark else {
        return Int32(NGHTTP2_ERR_WOULDBLOCK.rawValue)
    }
    guard let stream = stream(raw, frame.pointee.hd.stream_id), length <= stream.unsentByteCount
    else { return temporalFailure }
    below.write(UnsafeBufferPointer(start: head, count: 9).span)
    if length > 0 { stream.takeOutput(length) { below.write($0) } }
    if stream.isDrainDue { session.touch(stream) }
    return 0
}

private func onFrameSent(
    raw: OpaquePointer?, frame: UnsafePointer<nghttp2_frame>?, context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let frame else { return 0 }
    let header = frame.pointee.hd
    switch header.type {
    case dataType, headersType:
        // The response is whole, and the rest of the request is not: it need not come.
        guard header.flags & endOfStream != 0,
            nghttp2_session_get_stream_remote_close(raw, header.stream_id) == 0
        else { return 0 }
        nghttp2_submit_rst_stream(
            raw, UInt8(NGHTTP2_FLAG_NONE.rawValue), header.stream_id,
            HTTP2ErrorCode.noError.rawValue)
    case resetType:
        switch HTTP2ErrorCode(rawValue: frame.pointee.rst_stream.error_code) {
        case .noError, .internalError, .cancel: break
        default: session(context)?.idleFrames += 1
        }
    default:
        break
    }
    return 0
}

/// A head that cannot be sent, such as one that is too long, would leave the client waiting.
private func onFrameNotSent(
    raw: OpaquePointer?, frame: UnsafePointer<nghttp2_frame>?, code: Int32,
    context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let frame, frame.pointee.hd.type == headersType,
        code != Int32(NGHTTP2_ERR_STREAM_CLOSED.rawValue),
        code != Int32(NGHTTP2_ERR_STREAM_CLOSING.rawValue)
    else { return 0 }
    nghttp2_submit_rst_stream(
        raw, UInt8(NGHTTP2_FLAG_NONE.rawValue), frame.pointee.hd.stream_id,
        HTTP2ErrorCode.internalError.rawValue)
    return 0
}

private func onStreamClosed(
    raw: OpaquePointer?, id: Int32, code: UInt32, context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let session = session(context), let stream = stream(raw, id) else { return 0 }
    nghttp2_session_set_stream_user_data(raw, id, nil)
    session.closed(stream)
    return 0
}
