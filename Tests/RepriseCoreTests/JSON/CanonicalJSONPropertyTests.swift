import RepriseCore
import Testing

/// What holds for all documents, tried on random ones.
struct CanonicalJSONPropertyTests {
    @Test(arguments: 0..<300 as Range<UInt64>)
    func allSpellingsOfAValueHaveItsForm(_ seed: UInt64) throws {
        var source = SeededSource(seed)
        let sample = JSONSample.random(depth: 5, from: &source)
        let form = Array(sample.canonical.utf8)
        for _ in 0..<4 {
            let document = sample.spelling(from: &source)
            #expect(try CanonicalJSON.form(of: Array(document.utf8)) == form, "\(document)")
        }
        #expect(try CanonicalJSON.form(of: form) == form)
    }

    @Test(arguments: 0..<300 as Range<UInt64>)
    func anyChangeOfAValueChangesTheForm(_ seed: UInt64) throws {
        var source = SeededSource(1000 + seed)
        let sample = JSONSample.random(depth: 5, from: &source)
        let form = try CanonicalJSON.form(of: Array(sample.spelling(from: &source).utf8))
        for _ in 0..<8 {
            let other = sample.changed(from: &source)
            try #require(other != sample)
            let document = other.spelling(from: &source)
            #expect(try CanonicalJSON.form(of: Array(document.utf8)) != form, "\(document)")
        }
    }

    @Test func smallValuesShareAFormOnlyWhenTheyAreEqual() throws {
        var source = SeededSource(7)
        var samples: [[UInt8]: JSONSample] = [:]
        var repeats = 0
        for _ in 0..<5000 {
            let sample = JSONSample.random(depth: 1, from: &source)
            let form = try CanonicalJSON.form(of: Array(sample.spelling(from: &source).utf8))
            if let known = samples.updateValue(sample, forKey: form) {
                #expect(known == sample)
                repeats += 1
            }
        }
        #expect(samples.count == Set(samples.values).count)
        #expect(repeats > 500)
    }

    @Test(arguments: 0..<100 as Range<UInt64>)
    func repeatedNameIsFoundInAnySpelling(_ seed: UInt64) throws {
        var source = SeededSource(2000 + seed)
        guard case .object(let members) = JSONSample.object(depth: 2, from: &source),
            let name = members.keys.min(by: { $0.lexicographicallyPrecedes($1) })
        else { return }
        let twice = [name, name].map { name in
            // An object of one member, without its braces.
            JSONSample.object([name: .null]).spelling(from: &source)
                .drop { $0 != "{" }.dropFirst().prefix { $0 != "}" }
        }
        let others = members.filter { $0.key != name }
        var document = JSONSample.object(others).spelling(from: &source)
        let brace = try #require(document.firstIndex(of: "{"))
        let separator = others.isEmpty ? "" : ","
        document.replaceSubrange(
            brace...brace, with: "{" + twice.joined(separator: ",") + separator)
        #expect(throws: JSONError.duplicateName, "\(document)") {
            try CanonicalJSON.form(of: document)
        }
    }
}
