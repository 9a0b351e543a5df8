// swift-tools-version: 6.2

import PackageDescription

/// Every target: Swift 6 mode (by the tools version), explicit existentials, imports that do not
/// leak, and no warning tolerated.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// A C library of the system, by its module map in `Sources/System`.
func system(_ name: String, _ pkgConfig: String, apt: String, brew: String) -> Target {
    .systemLibrary(
        name: name, path: "Sources/System/\(name)", pkgConfig: pkgConfig,
        providers: [.apt([apt]), .brew([brew])])
}

/// A room of the house.
func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// The tests of a room.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
    name: "reprise",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "reprise", targets: ["reprise"]),
        .library(name: "RepriseCore", targets: ["RepriseCore"]),
        .library(name: "RepriseCrypto", targets: ["RepriseCrypto"]),
    ],
    targets: [
        system("CLibuv", "libuv", apt: "libuv1-dev", brew: "libuv"),
        system("CNghttp2", "libnghttp2", apt: "libnghttp2-dev", brew: "nghttp2"),
        system("COpenSSL", "openssl", apt: "libssl-dev", brew: "openssl@3"),
        system("CSQLite", "sqlite3", apt: "libsqlite3-dev", brew: "sqlite"),
        system("CYAML", "yaml-0.1", apt: "libyaml-dev", brew: "libyaml"),

        // Decisions, as pure functions over bytes. No imports: it also compiles to WebAssembly.
        room("RepriseCore"),
        // Bytes and time; nothing in it knows what a cache is.
        room("RepriseNetwork", ["CLibuv", "CNghttp2", "COpenSSL"]),
        room("RepriseCrypto", ["COpenSSL"]),
        room("RepriseLogging"),
        room(
            "RepriseStorage",
            ["CSQLite", "RepriseCore", "RepriseCrypto", "RepriseLogging", "RepriseNetwork"]),
        room(
            "RepriseProxy",
            ["RepriseCore", "RepriseCrypto", "RepriseLogging", "RepriseNetwork", "RepriseStorage"]),
        room(
            "RepriseServer",
            ["RepriseCore", "RepriseLogging", "RepriseNetwork", "RepriseProxy", "RepriseStorage"]),

        // A scriptable upstream, for `simulate`, `demo` and the tests.
        room("RepriseSimulator", ["RepriseCore", "RepriseNetwork"]),

        // The command, and the only place that wires things up.
        .executableTarget(
            name: "reprise",
            dependencies: [
                "CYAML", "RepriseCore", "RepriseLogging", "RepriseNetwork", "RepriseProxy",
                "RepriseServer", "RepriseSimulator", "RepriseStorage",
            ],
            swiftSettings: strict),

        // A simulated world behind the door, and what all implementations of a protocol must pass;
        // only tests import it.
        room("RepriseTesting", ["CNghttp2", "RepriseCore", "RepriseLogging", "RepriseNetwork"]),

        tests("RepriseCoreTests", ["RepriseCore", "RepriseCrypto"]),
        tests("RepriseSimulatorTests", ["RepriseNetwork", "RepriseSimulator", "RepriseTesting"]),
        tests("RepriseNetworkTests", ["RepriseNetwork", "RepriseTesting"]),
        tests("RepriseCryptoTests", ["RepriseCrypto"]),
        tests("RepriseLoggingTests", ["RepriseLogging"]),
        tests(
            "RepriseStorageTests",
            [
                "CSQLite", "RepriseCore", "RepriseCrypto", "RepriseLogging", "RepriseNetwork",
                "RepriseStorage", "RepriseTesting",
            ]),
        tests(
            "SimulationTests",
            [
                "RepriseCore", "RepriseLogging", "RepriseNetwork", "RepriseProxy", "RepriseServer",
                "RepriseSimulator", "RepriseStorage", "RepriseTesting", "reprise",
            ]),
        tests(
            "RepriseProxyTests",
            [
                "RepriseCore", "RepriseNetwork", "RepriseProxy", "RepriseStorage",
                "RepriseTesting",
            ]),
        tests(
            "IntegrationTests",
            [
                "CSQLite", "RepriseCore", "RepriseLogging", "RepriseNetwork", "RepriseServer",
                "RepriseSimulator", "RepriseStorage", "RepriseTesting", "reprise",
            ]),
        tests("RepriseTests", ["RepriseCore", "RepriseLogging", "reprise"]),
    ]
)

// SwiftPM builds all tests of a package, or none. REPRISE_TESTS="RepriseCoreTests ..." leaves those
// and what they stand on: `make check` needs no more, and a change in one room is tried in seconds.
if let named = Context.environment["REPRISE_TESTS"] {
    var kept = Set(named.split(separator: " ").map(String.init))
    var next = Array(kept)
    while let name = next.popLast() {
        let target = package.targets.first { $0.name == name }
        for case .byNameItem(let dependency, _) in target?.dependencies ?? []
        where kept.insert(dependency).inserted {
            next.append(dependency)
        }
    }
    package.targets = package.targets.filter { kept.contains($0.name) }
    package.products = []
}
