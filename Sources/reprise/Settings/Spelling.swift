/// Finds what was probably meant by a name that does not exist.
enum Spelling {
    /// The candidate that differs from `name` in the fewest letters, case and `_` for `-` aside.
    ///
    /// - Returns: nil when every candidate differs in more than two letters; the first of several.
    static func nearest(to name: String, in candidates: [String]) -> String? {
        // A name longer than any candidate by more than two letters is none of them misspelt.
        guard name.utf8.count <= 64 else { return nil }
        let distances = candidates.map { (candidate: $0, distance: distance(fold(name), fold($0))) }
        return distances.filter { $0.distance <= 2 }.min { $0.distance < $1.distance }?.candidate
    }

    /// `did you mean NAME?`; nil when no candidate is near.
    static func hint(for name: String, in candidates: [String]) -> String? {
        nearest(to: name, in: candidates).map { "did you mean \($0)?" }
    }

    private static func fold(_ name: String) -> [UInt8] {
        Array(name.lowercased().utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "_") })
    }

    /// How many letters must be inserted, deleted or replaced (Levenshtein 1966).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var previous = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                let replaced = previous[column] + (letter == other ? 0 : 1)
                current.append(min(replaced, previous[column + 1] + 1, current[column] + 1))
            }
            previous = current
        }
        return previous[right.count]
    }
}
