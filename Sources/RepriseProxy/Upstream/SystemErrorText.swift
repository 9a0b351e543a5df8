#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif
public import NIOCore

extension IOError {
    /// What the system says of the error, such as `Connection refused`, without the name of the
    /// call that met it.
    public var systemText: String {
        String(cString: strerror(errnoCode))
    }
}
