extension StoreURL: CustomStringConvertible {
    /// The URL as logs may show it: without user, password and token.
    public var description: String {
        switch self {
        case .memory: "memory:"
        case .sqlite(let path): "sqlite:\(path)"
        case .redis(let address): "\(address)"
        case .upstash(let access): "\(access)"
        case .workersKV(let access): "\(access)"
        }
    }
}
