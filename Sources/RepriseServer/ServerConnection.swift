import RepriseNetwork

/// A client's connection as its ``ServerLoop`` sees it, whatever it speaks.
protocol ServerConnection: AnyObject {
    /// Where the server's list of connections holds it.
    var place: Int { get set }

    /// Looks whether a deadline has passed.
    func check(_ now: MonotonicTime)

    /// Closes unless a request is under way; then closes behind its response.
    func drain()

    /// Ends what is under way as a cut.
    func cutNow()

    /// How long nothing has happened; nil while a request is under way.
    func idleTime(_ now: MonotonicTime) -> Duration?
}
