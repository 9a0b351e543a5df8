import RepriseCore

/// The request headers that no upstream is to see because the client never sent them.
///
/// Cloudflare's edge adds them: they tell where the client is, and would travel on to the API. `Expect`
/// is in the list because `fetch` cannot send it.
enum EdgeFields {
    /// The fields without those of the edge.
    static func removed(from fields: [HeaderField]) -> [HeaderField] {
        fields.filter { field in
            !field.name.starts(with: [UInt8]("cf-"))
                && !field.name.starts(with: [UInt8]("x-forwarded-"))
                && !field.isNamed("x-real-ip") && !field.isNamed("cdn-loop")
                && !field.isNamed("true-client-ip") && !field.isNamed("expect")
        }
    }
}
