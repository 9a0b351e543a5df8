import Foundation
import RepriseSimulator
import Testing

/// What is in the file after a proxy was killed, shared it, or outgrew it.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct StoreCrashTests {
    /// An upstream whose answers are long and follow from the question alone.
    private static let echo = Script { request in
        .json(answer(to: request.bodyText))
    }

    /// A whole answer of about 20 KB in which every part tells which question it belongs to.
    private static func answer(to request: String) -> String {
        let name = request.split(separator: "\"").first { $0.hasPrefix("question-") } ?? "none"
        return Chat.answer(Array(repeating: String(name), count: 1600).joined(separator: " "))
    }

    @Test func killedWhileWritingItServesOnlyWholeEntries() async throws {
        try await SimulatedUpstream.run(Self.echo) { upstream in
            try await ScratchDirectory.with { directory in
                let store = "sqlite:\(directory.path("cache.db"))"
                let settled = (0..<10).map { "question-\($0)" }
                try await ServedProxy.with(upstream: upstream.origin, store: store) { proxy in
                    for question in settled { _ = try await proxy.ask(question) }
                    #expect(await proxy.stop() == 0)
                }
                var asked = settled
                for round in 1...3 {
                    let questions = (0..<80).map { "question-\(round)-\($0)" }
                    asked += questions
                    try await ServedProxy.with(upstream: upstream.origin, store: store) { proxy in
                        try await askUntilKilled(questions, proxy)
                    }
                }
                var before = 0
                var hits = 0
                try await ServedProxy.with(upstream: upstream.origin, store: store) { proxy in
                    // By now what a killed one had sent has come.
                    before = upstream.requestCount
                    for question in asked {
                        let answer = try await proxy.ask(question)
                        #expect(answer.status == 200)
                        #expect(answer.text == Self.answer(to: Chat.request(question)))
                        if answer.isHit { hits += 1 }
                        if settled.contains(question) { #expect(answer.isHit) }
                    }
                    let log = proxy.process.errors.text
                    #expect(!log.contains(" warning "), "\(log)")
                }
                #expect(upstream.requestCount - before == asked.count - hits)
            }
        }
    }

    /// Asks eight at a time, and kills the proxy when half of the answers are there.
    private func askUntilKilled(_ questions: [String], _ proxy: ServedProxy) async throws {
        await withTaskGroup(of: Void.self) { group in
            var waiting = questions[...]
            func askNext() {
                guard let question = waiting.popFirst() else { return }
                // Most of those after the kill fail, as they should.
                group.addTask { _ = try? await proxy.ask(question) }
            }
            for _ in 0..<8 { askNext() }
            var answered = 0
            while await group.next() != nil {
                answered += 1
                if answered == questions.count / 2 {
                    proxy.process.signal(SIGKILL)
                    // The client would try again to connect, for a minute.
                    group.cancelAll()
                    waiting = []
                }
                askNext()
            }
        }
        #expect(await proxy.process.waitForExit() == 128 + SIGKILL)
    }

    @Test func twoProcessesShareAFile() async throws {
        try await SimulatedUpstream.run(Self.echo) { upstream in
            try await ScratchDirectory.with { directory in
                let store = "sqlite:\(directory.path("cache.db"))"
                try await ServedProxy.with(upstream: upstream.origin, store: store) { staying in
                    #expect(try await staying.ask("question-1").isStoredMiss)
                    try await ServedProxy.with(upstream: upstream.origin, store: store) {
                        leaving async throws in
                        #expect(try await leaving.ask("question-2").isStoredMiss)
                        #expect(await leaving.stop() == 0)
                    }
                    let shared = try await staying.ask("question-2")
                    #expect(shared.isHit)
                    #expect(shared.text == Self.answer(to: Chat.request("question-2")))
                    #expect(await staying.stop() == 0)
                }
                try await ServedProxy.with(upstream: upstream.origin, store: store) {
                    proxy async throws in
                    #expect(try await proxy.ask("question-1").isHit)
                    #expect(try await proxy.ask("question-2").isHit)
                }
                #expect(upstream.requestCount == 2)
            }
        }
    }

    @Test func storeStaysWithinItsBoundAndKeepsTheNewest() async throws {
        try await SimulatedUpstream.run(Self.echo) { upstream in
            try await ScratchDirectory.with { directory in
                let path = directory.path("cache.db")
                let bound = 2_000_000
                let arguments = ["--max-store", "2MB"]
                for round in 0..<4 {
                    try await ServedProxy.with(
                        upstream: upstream.origin, store: "sqlite:\(path)", arguments
                    ) { proxy in
                        for number in 0..<60 {
                            _ = try await proxy.ask("question-\(round)-\(number)")
                        }
                        #expect(await proxy.stop() == 0)
                    }
                }
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                let size = try #require(attributes[.size] as? NSNumber).intValue
                #expect(size > bound / 2)
                #expect(size <= bound + bound / 4)
                let before = upstream.requestCount
                try await ServedProxy.with(
                    upstream: upstream.origin, store: "sqlite:\(path)", arguments
                ) { proxy async throws in
                    #expect(try await proxy.ask("question-3-59").isHit)
                    #expect(try await proxy.ask("question-0-0").isStoredMiss)
                }
                #expect(upstream.requestCount == before + 1)
            }
        }
    }
}
