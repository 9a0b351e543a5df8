import RepriseCore
import RepriseNetwork

extension FetchFailure {
    /// What went wrong with an upstream call.
    init(_ error: ClientError) {
        self = .connectionLost
    }
}
