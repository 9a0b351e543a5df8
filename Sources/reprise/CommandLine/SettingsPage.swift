/// The page `docs/settings.md`.
enum SettingsPage {
    /// The page as Markdown.
    static var text: String {
        var lines = [
            "# Settings", "",
            "Each setting of `reprise serve` can be given as a flag, as an environment variable, or "
                + "in a file",
            "(`--config FILE`, YAML or JSON, whose keys are the names below), in that precedence. "
                + "A setting that",
            "may be given again is taken whole from one of them. This page is printed by",
            "`reprise help settings --markdown`.", "",
            "Sizes: `256MB`, `8MiB`, `1.5GB` or a number of bytes. Durations: `500ms`, `90s`, `10m`, "
                + "`24h`, `7d` or",
            "a number of seconds.",
        ]
        for group in SettingGroup.allCases {
            lines += [
                "", "## \(group.rawValue)", "", "| flag and key | variable | default | meaning |",
                "| --- | --- | --- | --- |",
            ]
            for setting in Setting.all where setting.group == group { lines.append(row(setting)) }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func row(_ setting: Setting) -> String {
        let standard =
            switch setting.fallback {
            case .value(let text): "`\(text)`"
            case .words(let text): text
            case .nothing: ""
            }
        let usage = Flag(setting).usage.replacing("|", with: "\\|")
        let cells = ["`\(usage)`", "`\(setting.variable)`", standard, setting.summary]
        return "| " + cells.joined(separator: " | ") + " |"
    }
}
