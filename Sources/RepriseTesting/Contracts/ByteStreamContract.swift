public import RepriseNetwork

/// A connected pair of streams that a contract is checked on, and the means to let time pass.
public protocol ByteStreamPair: AnyObject {
    /// One end; it has no receiver yet.
    var near: any ByteStream { get }
    /// The other end; it has no receiver yet.
    var far: any ByteStream { get }

    /// Runs an action as one turn of the loop of one of the streams, and returns when it is done.
    func perform(on stream: any ByteStream, _ action: () -> Void)

    /// Lets things happen until a condition holds. The condition is looked at when no turn of either
    /// loop is running.
    ///
    /// - Returns: False when it does not hold after a generous time.
    func run(until condition: () -> Bool) -> Bool

    /// Lets happen what is about to happen, for checks that nothing more comes.
    func settle()
}

/// Why a stream does not keep the contract.
public struct ContractViolation: Error, CustomStringConvertible {
    /// What was wrong.
    public let description: String

    init(_ description: String) { self.description = description }
}

/// What every ``ByteStream`` has to do: one suite for the simulated wire, TCP and, as far as it has
/// a half-close, TLS.
///
/// A test runs each of ``clauses`` on a pair of its own:
/// ```swift
/// @Test(arguments: ByteStreamContract.clauses)
/// func streamsKeepTheContract(_ clause: ByteStreamContract.Clause) throws {
///     try clause.check(makePair())
/// }
/// ```
public enum ByteStreamContract {
    /// One thing that a stream has to do.
    public struct Clause: Sendable, CustomStringConvertible {
        /// What holds, as a sentence.
        public let description: String
        private let body: @Sendable (Run) throws(ContractViolation) -> Void

        init(
            _ description: String,
            _ body: @escaping @Sendable (Run) throws(ContractViolation) -> Void
        ) {
            self.description = description
            self.body = body
        }

        /// Checks it on a pair of streams that has not been used.
        ///
        /// - Throws: What was wrong.
        public func check(_ pair: any ByteStreamPair) throws(ContractViolation) {
            let run = Run(pair)
            try body(run)
            try run.finish()
        }
    }

    /// All that a stream has to do.
    public static let clauses: [Clause] = reading + writing + closing

    /// One check of a clause.
    final class Run {
        let pair: any ByteStreamPair
        let near = ByteStreamRecorder()
        let far = ByteStreamRecorder()

        init(_ pair: any ByteStreamPair) { self.pair = pair }

        func start() {
            onNear { $0.receiver = near }
            onFar { $0.receiver = far }
        }

        func onNear(_ action: (any ByteStream) -> Void) {
            let stream = pair.near
            pair.perform(on: stream) { action(stream) }
        }

        func onFar(_ action: (any ByteStream) -> Void) {
            let stream = pair.far
            pair.perform(on: stream) { action(stream) }
        }

        func wait(for what: String, _ condition: () -> Bool) throws(ContractViolation) {
            guard pair.run(until: condition) else {
                throw ContractViolation(
                    "waited in vain for \(what); near \(state(near)), far \(state(far))")
            }
        }

        func expect(_ condition: Bool, _ what: String) throws(ContractViolation) {
            if !condition { throw ContractViolation(what) }
        }

        /// Ends what is left and looks whether either recorder saw a call it must not see.
        func finish() throws(ContractViolation) {
            for (recorder, name) in [(near, "near"), (far, "far")] {
                if let first = recorder.violations.first {
                    throw ContractViolation("the \(name) end got \(first)")
                }
            }
            for stream in [pair.near, pair.far] {
                pair.perform(on: stream) { stream.abort() }
            }
            pair.settle()
            for (recorder, name) in [(near, "near"), (far, "far")] {
                if let first = recorder.violations.first {
                    throw ContractViolation("at last the \(name) end got \(first)")
                }
            }
        }

        private func state(_ recorder: ByteStreamRecorder) -> String {
            let reason = recorder.closeReason.map { ", closed: \($0)" } ?? ""
            return "\(recorder.bytes.count) bytes, \(recorder.endCount) ends, "
                + "\(recorder.drainCount) drains\(reason)"
        }
    }

    /// Bytes in which a shift, a loss and a repetition show; at most 3 MiB.
    static func pattern(_ count: Int) -> [UInt8] { Array(longPattern[..<count]) }

    private static let longPattern: [UInt8] = {
        let count = 3 << 20
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            var value: UInt32 = 1
            var index = 0
            while index < count {
                value = value &* 1_664_525 &+ 1_013_904_223
                buffer[index] = UInt8(truncatingIfNeeded: value >> 24)
                index += 1
            }
            initialized = count
        }
    }()
}
