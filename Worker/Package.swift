// swift-tools-version: 6.2

// The core as a WebAssembly module, apart from the package of the native server: neither needs what
// the other does. `toolset.json` holds the flags of the WebAssembly build; without it the same
// sources build for this machine, which the parity tests compare the module with.

import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "reprise-worker",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "RepriseWorkerModule", targets: ["RepriseWorkerModule"]),
        .executable(name: "frame-results", targets: ["FrameResults"]),
    ],
    targets: [
        .target(name: "RepriseCore", swiftSettings: strict),
        .target(name: "RepriseWorker", dependencies: ["RepriseCore"], swiftSettings: strict),
        .target(name: "RepriseWorkerRuntime"),
        .executableTarget(
            name: "RepriseWorkerModule",
            dependencies: ["RepriseCore", "RepriseWorker", "RepriseWorkerRuntime"],
            swiftSettings: strict),
        .executableTarget(
            name: "FrameResults",
            dependencies: ["RepriseWorker"],
            path: "Tests/FrameResults",
            swiftSettings: strict),
    ]
)
