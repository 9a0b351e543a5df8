/// What the log says of a kind of store. A log's messages are constants, hence one set for each.
struct StoreMessages {
    /// Lookups are not given to the store for a while.
    let lookupsFail: StaticString
    /// Writes are not given to the store for a while.
    let writesFail: StaticString
    /// A probe has failed.
    let stillFails: StaticString
    /// Lookups are given to the store again.
    let lookupsWork: StaticString
    /// Writes are given to the store again.
    let writesWork: StaticString
    /// Leases are not asked of the store for a while.
    let leasesFail: StaticString
    /// Leases are asked of the store again.
    let leasesWork: StaticString

    /// The messages for a kind of store.
    init(kind: String) {
        switch kind {
        case "sqlite":
            lookupsFail = "The sqlite store fails; lookups go on without it."
            writesFail =
                "The sqlite store fails; responses wait in memory to be written, as far as there is room."
            stillFails = "The sqlite store still fails."
            lookupsWork = "The sqlite store works again; lookups use it."
            writesWork = "The sqlite store works again; writes use it."
            leasesFail = "The sqlite store fails; each server makes its own upstream calls."
            leasesWork = "The sqlite store works again; leases use it."
        case "redis":
            lookupsFail = "The redis store fails; lookups go on without it."
            writesFail =
                "The redis store fails; responses wait in memory to be written, as far as there is room."
            stillFails = "The redis store still fails."
            lookupsWork = "The redis store works again; lookups use it."
            writesWork = "The redis store works again; writes use it."
            leasesFail = "The redis store fails; each server makes its own upstream calls."
            leasesWork = "The redis store works again; leases use it."
        case "upstash":
            lookupsFail = "The upstash store fails; lookups go on without it."
            writesFail =
                "The upstash store fails; responses wait in memory to be written, as far as there is room."
            stillFails = "The upstash store still fails."
            lookupsWork = "The upstash store works again; lookups use it."
            writesWork = "The upstash store works again; writes use it."
            leasesFail = "The upstash store fails; each server makes its own upstream calls."
            leasesWork = "The upstash store works again; leases use it."
        case "workers-kv":
            lookupsFail = "The workers-kv store fails; lookups go on without it."
            writesFail =
                "The workers-kv store fails; responses wait in memory to be written, as far as there is room."
            stillFails = "The workers-kv store still fails."
            lookupsWork = "The workers-kv store works again; lookups use it."
            writesWork = "The workers-kv store works again; writes use it."
            leasesFail = "The workers-kv store fails; each server makes its own upstream calls."
            leasesWork = "The workers-kv store works again; leases use it."
        default:
            lookupsFail = "The persistent store fails; lookups go on without it."
            writesFail =
                "The persistent store fails; responses wait in memory to be written, as far as there is room."
            stillFails = "The persistent store still fails."
            lookupsWork = "The persistent store works again; lookups use it."
            writesWork = "The persistent store works again; writes use it."
            leasesFail = "The persistent store fails; each server makes its own upstream calls."
            leasesWork = "The persistent store works again; leases use it."
        }
    }
}
