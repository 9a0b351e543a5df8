import RepriseWorker
import RepriseWorkerRuntime

// One instance of the module runs on one thread: nothing else can touch these.
nonisolated(unsafe) private var exchanges = ExchangeTable()
nonisolated(unsafe) private var answer: [UInt8] = []

/// Gives memory for a message; to be given back by `release`.
@_expose(wasm, "allocate")
@_cdecl("reprise_allocate")
func allocate(_ size: UInt32) -> UnsafeMutableRawPointer? {
    malloc(Int(size))
}

/// Takes back memory that `allocate` gave.
@_expose(wasm, "release")
@_cdecl("reprise_release")
func release(_ memory: UnsafeMutableRawPointer?) {
    free(memory)
}

/// Performs an operation: see ``ExchangeTable/call(_:_:_:)``.
///
/// - Returns: How many bytes the answer has; they stand at `answer` until the next call.
@_expose(wasm, "call")
@_cdecl("reprise_call")
func call(
    _ operation: UInt32, _ handle: UInt32, _ message: UnsafeRawPointer?, _ size: UInt32
) -> UInt32 {
    let bytes = UnsafeRawBufferPointer(start: message, count: Int(size))
    let span = unsafe Span<UInt8>(_unsafeBytes: bytes)
    answer = exchanges.call(operation, handle, span)
    return UInt32(answer.count)
}

/// Where the last answer stands.
@_expose(wasm, "answer")
@_cdecl("reprise_answer")
func answerAddress() -> UnsafeRawPointer? {
    // The array stays where it is, and alive, until the next call replaces it.
    answer.withUnsafeBytes { $0.baseAddress }
}

/// How many requests are under way.
@_expose(wasm, "count")
@_cdecl("reprise_count")
func count() -> UInt32 {
    UInt32(exchanges.count)
}
