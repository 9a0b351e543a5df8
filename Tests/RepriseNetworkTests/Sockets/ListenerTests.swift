import RepriseNetwork
import Synchronization
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

@Suite(.timeLimit(.minutes(2)))
struct ListenerTests {
    @Test(arguments: ["127.0.0.1:0", "[::1]:0"])
    func aPortInUseIsAnError(text: String) async throws {
        try await withNetwork { network in
            let address = try #require(SocketAddress(text))
            let first = try network.listen(on: address, limit: 1) { $0.abort() }
            #expect(first.address.port != 0)
            #expect(
                throws: NetworkError.system(code: EADDRINUSE, reason: "Address already in use")
            ) {
                try network.listen(on: first.address, limit: 1) { $0.abort() }
            }
            let isFree = Promise<Bool>()
            first.close { isFree.fulfil(true) }
            #expect(await isFree.value)
            _ = try network.listen(on: first.address, limit: 1) { $0.abort() }
        }
    }

    @Test(arguments: [1, 2])
    func connectionsBeyondTheLimitWait(loopCount: Int) async throws {
        try await withNetwork(loopCount: loopCount) { network in
            let accepted = Shared<[Recorder]>([])
            let mostOpen = Shared(0)
            let listener = try network.listen(on: anyPort(), limit: 3) { stream in
                let recorder = Recorder(stream)
                recorder.onBytes = { $0.stream.write($1) }
                recorder.onEnded = { $0.stream.close() }
                accepted.withLock { $0.append(recorder) }
                mostOpen.withLock { most in most += 1 }
                recorder.onClosed = { _, _ in mostOpen.withLock { $0 -= 1 } }
                #expect(mostOpen.withLock { $0 } <= 3)
            }
            var clients: [Recorder] = []
            for _ in 0..<9 { clients.append(try await network.connect(to: listener.address)) }
            for client in clients { await client.on { $0.write(text: "x") } }
            // Each one that leaves lets another in, until all had their answer.
            for client in clients {
                #expect(await client.wait { $0.count == 1 }.text == "x")
                #expect(listener.connectionCount <= 3)
                await client.on { $0.close() }
                await client.closed()
            }
            #expect(accepted.withLock { $0.count } == 9)
            for recorder in accepted.withLock({ $0 }) { await recorder.on { $0.abort() } }
            for recorder in accepted.withLock({ $0 }) { await recorder.closed() }
            #expect(listener.connectionCount == 0)
        }
    }

    @Test func tenThousandConnectionsAreOpenAtOnce() async throws {
        await #expect(processExitsWith: .success) {
            // Both ends are in this process; a machine with a lower limit gets what it allows.
            let count = min(10_000, (DescriptorLimit.raise() - 100) / 2)
            try await withNetwork(loopCount: 2) { network in
                let listener = try network.listen(on: anyPort(), limit: count) { stream in
                    Recorder(stream).onBytes = { $0.stream.write($1) }
                }
                var clients: [Recorder] = []
                for index in 0..<count {
                    clients.append(try await network.connect(to: listener.address, on: index % 2))
                }
                for client in clients { await client.on { $0.write(text: "here") } }
                for client in clients {
                    guard await client.wait(until: { $0.count == 4 }).text == "here" else {
                        exit(1)
                    }
                }
                guard listener.connectionCount == count else { exit(2) }
                for client in clients { await client.on { $0.abort() } }
                for client in clients { await client.closed() }
            }
        }
    }

    @Test func acceptingGoesOnWhenDescriptorsAreThereAgain() async throws {
        await #expect(processExitsWith: .success) {
            let troubles = Shared<[NetworkError]>([])
            let isTold = Promise<Bool>()
            let report: @Sendable (SocketAddress, NetworkError) -> Void = { _, error in
                troubles.withLock { $0.append(error) }
                isTold.fulfil(true)
            }
            try await withNetwork(onAcceptTrouble: report) { network in
                let listener = try network.listen(on: anyPort(), limit: 100) { stream in
                    Recorder(stream).onBytes = { $0.stream.write($1) }
                }
                // In one turn the client has its socket and all other descriptors are taken, so
                // that the connection cannot be accepted.
                let loop = network.loops[0]
                let connected = Promise<Recorder>()
                let taken = await loop.run {
                    _ = loop.connect(to: listener.address) { result in
                        guard case .success(let stream) = result else { exit(4) }
                        connected.fulfil(Recorder(stream))
                    }
                    var taken: [Int32] = []
                    while true {
                        let descriptor = open("/dev/null", O_RDONLY)
                        if descriptor < 0 { return taken }
                        taken.append(descriptor)
                    }
                }
                let client = await connected.value
                await client.on { $0.write(text: "waits") }
                _ = await isTold.value
                guard listener.connectionCount == 0 else { exit(1) }
                for descriptor in taken { close(descriptor) }
                guard await client.wait(until: { $0.count == 5 }).text == "waits" else { exit(2) }
                let expected = NetworkError.system(code: EMFILE, reason: "Too many open files")
                guard troubles.withLock({ $0 }) == [expected] else { exit(3) }
            }
        }
    }

    @Test func signalsAreToldToTheLoop() async throws {
        await #expect(processExitsWith: .success) {
            try await withNetwork(loopCount: 2) { network in
                for signal in ProcessSignal.allCases {
                    let came = Promise<ProcessSignal>()
                    let loop = network.loops[0]
                    let watch = network.watch(ProcessSignal.allCases) { signal in
                        guard loop.isCurrent else { exit(1) }
                        came.fulfil(signal)
                    }
                    kill(getpid(), signal.number)
                    guard await came.value == signal else { exit(2) }
                    watch.stop()
                }
            }
        }
    }
}
