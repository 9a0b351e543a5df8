import ArgumentParser
import RepriseServer

/// The flags of `reprise serve`, as texts.
///
/// Nothing is checked here but that a flag exists: values are read in one place, the settings
/// loader, whatever their source.
struct ServeOptions: ParsableArguments {
    @OptionGroup(title: "Listening") var listening: ListeningOptions
    @OptionGroup(title: "Upstreams") var upstreams: UpstreamOptions
    @OptionGroup(title: "Cache") var cache: CacheOptions
    @OptionGroup(title: "Time limits") var timeLimits: TimeLimitOptions
    @OptionGroup(title: "Settings and log") var general: GeneralOptions

    /// The flags that were given, with their values in order.
    var flags: [Setting: [String]] {
        var texts = listening.texts
        for group in [upstreams.texts, cache.texts, timeLimits.texts, general.texts] {
            texts.merge(group) { $1 }
        }
        var given = texts.compactMapValues { text in text.map { [$0] } }
        if !upstreams.upstream.isEmpty {
            given[.upstream] = upstreams.upstream
        }
        for (setting, isGiven) in cache.switches {
            if let isGiven { given[setting] = ["\(isGiven)"] }
        }
        return given
    }
}
