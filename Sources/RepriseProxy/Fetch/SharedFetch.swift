import RepriseCore
import RepriseNetwork
import Synchronization

/// One upstream call that several requests wait for, on any of the loops.
///
/// The call runs on the loop of the request that began it. Readers look at the state under a lock;
/// one on the call's own loop is handed bytes as they come, one on another loop is woken there.
final class SharedFetch: Sendable {
    /// The loop that the upstream call runs on.
    let loop: any EventLoop
    /// What the response is stored under; nil when it is for one client alone.
    let key: CacheKey?

    private let guarded: Mutex<Guarded>

    fileprivate struct Guarded {
        var state: FetchState
        /// How the response is stored: as the first reader says that lets it be.
        var terms: StoringTerms?
        var finishesAlone: Bool
        /// Whether the response may yet be stored, as far as it has come.
        var isStorable = true
        var listeners = ReaderList<Listener>()
        var call: LoopBound<UpstreamCall>?
        var isPaused = false
        var isAnsweredElsewhere = false
        /// Whether it waits for another server's call.
        var isWaiting = false
    }

    /// Who is told of changes for a reader.
    fileprivate struct Listener {
        let loop: any EventLoop
        let target: LoopBound<any FetchListener>
        /// Whether it was woken and has not looked since.
        var isWoken = false
    }

    /// Makes a fetch whose call has not begun.
    ///
    /// - Parameters:
    ///   - keepLimit: Bytes of a body that is kept for late readers and for storing.
    ///   - finishesAlone: Whether a storable response is finished when every reader has left.
    init(loop: any EventLoop, key: CacheKey?, keepLimit: Int, finishesAlone: Bool) {
        self.loop = loop
        self.key = key
        guarded = Mutex(
            Guarded(
                state: FetchState(keepLimit: keepLimit, goesOnAlone: false),
                finishesAlone: finishesAlone && key != nil))
    }

    // MARK: The upstream's side, on the call's loop

    /// Takes note of the call, which is cancelled when nobody needs it any more.
    func attach(_ call: UpstreamCall) {
        let bound = LoopBound(call, on: loop)
        guarded.withLock { $0.call = bound }
    }

    /// How the response is stored; nil while no reader lets it be.
    var terms: StoringTerms? { guarded.withLock { $0.terms } }

    /// Says whether the fetch waits for another server's call: nothing has been paid yet then, and
    /// who lets nothing be stored does not wait with it.
    func setWaiting(_ isWaiting: Bool) {
        guarded.withLock { $0.isWaiting = isWaiting }
        setStorable(!isWaiting)
    }

    /// Notes that the response is the one that another server's call has brought.
    func answeredElsewhere() { guarded.withLock { $0.isAnsweredElsewhere = true } }

    /// Whether the response is the one that another server's call has brought.
    var isAnsweredElsewhere: Bool { guarded.withLock { $0.isAnsweredElsewhere } }

    func began(_ head: ResponseHead, expectedLength: Int?) {
        wake(
            guarded.withLock { guarded in
                guarded.state.began(head, expectedLength: expectedLength)
                return guarded.sleepers(all: true)
            })
    }

    /// Takes the next bytes.
    ///
    /// - Returns: Whether the upstream is to be read on; if not, the call is resumed later.
    func receive(_ bytes: Span<UInt8>) -> Bool {
        var live: [any FetchListener] = []
        var sleepers: [Listener] = []
        let hasRoom = guarded.withLock { guarded in
            for id in guarded.state.receive(bytes) {
                if let listener = guarded.listeners[id] { live.append(listener.target.value) }
            }
            sleepers = guarded.sleepers()
            guarded.isPaused = !guarded.state.hasRoom
            return !guarded.isPaused
        }
        for listener in live { listener.fetchDelivered(bytes) }
        wake(sleepers)
        return hasRoom
    }

    /// Says whether the response may yet be stored, as far as it has come.
    func setStorable(_ isStorable: Bool) {
        let isAbandoned = guarded.withLock { guarded in
            guarded.isStorable = isStorable
            guarded.updateGoingOn()
            return guarded.state.isAbandoned
        }
        if isAbandoned { cancelCall() }
    }

    /// The whole body; nil when it was too long to be kept.
    var keptBody: [UInt8]? { guarded.withLock { $0.state.keptBody } }

    func end(_ outcome: FetchOutcome) {
        wake(
            guarded.withLock { guarded in
                guarded.state.end(outcome)
                guarded.call = nil
                return guarded.sleepers()
            })
    }

    /// Ends the call because the server shuts down.
    func cancel() { cancelCall() }

    // MARK: The readers' side

    /// Adds a reader that starts at the first byte.
    ///
    /// - Parameters:
    ///   - listener: Told of changes, on its loop.
    ///   - storing: How this reader lets the response be stored; nil when it does not.
    /// - Returns: nil when the beginning is gone, or the call was given up.
    func addReader(
        _ listener: any FetchListener, on loop: any EventLoop, storing: StoringTerms?
    ) -> FetchReader? {
        let target = LoopBound(listener, on: loop)
        let id: FetchState.ReaderID? = guarded.withLock { guarded in
            if storing == nil, guarded.isWaiting { return FetchState.ReaderID?.none }
            guard let id = guarded.state.addReader() else { return FetchState.ReaderID?.none }
            guarded.listeners.append(Listener(loop: loop, target: target), for: id)
            guarded.terms = guarded.terms ?? storing
            guarded.updateGoingOn()
            return id
        }
        return id.map { FetchReader(fetch: self, id: $0, isLocal: loop === self.loop) }
    }

    func removeReader(_ id: FetchState.ReaderID) {
        let (isAbandoned, resumes, released) = guarded.withLock { guarded in
            let released = guarded.listeners.remove(id)
            guarded.state.removeReader(id)
            return (guarded.state.isAbandoned, guarded.resumes(), released)
        }
        _ = released
        if isAbandoned { cancelCall() } else if resumes { resumeCall() }
    }

    /// What a reader finds now, and the head once it is there.
    func look(_ id: FetchState.ReaderID) -> (head: ResponseHead?, news: FetchState.News) {
        guarded.withLock { guarded in
            guarded.listeners.update(id) { $0.isWoken = false }
            return (guarded.state.head, guarded.state.news(for: id))
        }
    }

    /// How the call ended, for a reader that waits for nothing else; nil while it goes on.
    func outcome(_ id: FetchState.ReaderID) -> FetchOutcome? {
        guarded.withLock { guarded in
            guarded.listeners.update(id) { $0.isWoken = false }
            return guarded.state.outcome
        }
    }

    /// Whether all of the body is kept.
    var isKept: Bool { guarded.withLock { $0.state.isKept } }

    /// Lets a reader read what has come, at most `limit` bytes of it.
    ///
    /// - Parameter body: Called with the lock held: it must not come back here.
    func read(_ id: FetchState.ReaderID, limit: Int, _ body: (Span<UInt8>) -> Void) {
        let resumes = guarded.withLock { guarded in
            guarded.state.read(id, limit: limit, body)
            return guarded.resumes()
        }
        if resumes { resumeCall() }
    }

    func setLive(_ id: FetchState.ReaderID, _ isLive: Bool) {
        guarded.withLock { $0.state.setLive(id, isLive) }
    }

    /// Bytes of the body that have come.
    var receivedCount: Int { guarded.withLock { $0.state.receivedCount } }

    // MARK: Across loops

    private func wake(_ sleepers: [Listener]) {
        for sleeper in sleepers {
            if sleeper.loop.isCurrent {
                sleeper.target.value.fetchChanged()
            } else {
                let target = sleeper.target
                sleeper.loop.post { target.value.fetchChanged() }
            }
        }
    }

    private func cancelCall() {
        onCall { $0.cancel() }
    }

    private func resumeCall() {
        onCall { $0.resume() }
    }

    private func onCall(_ action: @escaping @Sendable (UpstreamCall) -> Void) {
        guard let call = guarded.withLock({ $0.call }) else { return }
        // In a turn of its own: the call itself may be what brought this about.
        loop.post { action(call.value) }
    }
}

extension SharedFetch.Guarded {
    /// The readers to be told of a change: those for whom there is something, and who were not told
    /// since they last looked.
    fileprivate mutating func sleepers(all: Bool = false) -> [SharedFetch.Listener] {
        var sleepers: [SharedFetch.Listener] = []
        listeners.updateAll { id, listener in
            if listener.isWoken || !all && state.news(for: id) == .nothing { return }
            listener.isWoken = true
            sleepers.append(listener)
        }
        return sleepers
    }

    fileprivate mutating func updateGoingOn() {
        state.setGoesOnAlone(finishesAlone && isStorable && terms != nil)
    }

    /// Whether the upstream is to be read again.
    fileprivate mutating func resumes() -> Bool {
        guard isPaused, state.hasRoom else { return false }
        isPaused = false
        return true
    }
}

/// Who is told of changes of a fetch, on its own loop.
protocol FetchListener: AnyObject {
    /// Something has come: look for it.
    func fetchChanged()

    /// Bytes have come, right behind those that were read; they are valid during the call only. Only
    /// for a reader that is live, on the loop of the call.
    func fetchDelivered(_ bytes: Span<UInt8>)
}

/// One request's view of a shared fetch: the response from its first byte, live.
struct FetchReader {
    /// The fetch.
    let fetch: SharedFetch
    private let id: FetchState.ReaderID
    /// Whether it is on the loop of the call, and can be live.
    let isLocal: Bool

    fileprivate init(fetch: SharedFetch, id: FetchState.ReaderID, isLocal: Bool) {
        self.fetch = fetch
        self.id = id
        self.isLocal = isLocal
    }

    /// What there is now.
    func look() -> (head: ResponseHead?, news: FetchState.News) { fetch.look(id) }

    /// How the call ended; nil while it goes on.
    func outcome() -> FetchOutcome? { fetch.outcome(id) }

    /// Whether all of the body is kept.
    var isKept: Bool { fetch.isKept }

    /// Reads what has come, at most `limit` bytes; `body` must not come back to the fetch.
    func read(limit: Int, _ body: (Span<UInt8>) -> Void) { fetch.read(id, limit: limit, body) }

    /// Says whether bytes are to be handed over as they come.
    func setLive(_ isLive: Bool) {
        if isLocal { fetch.setLive(id, isLive) }
    }

    /// Gives the response up.
    func leave() { fetch.removeReader(id) }
}
