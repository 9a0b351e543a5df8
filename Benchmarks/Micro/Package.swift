// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "reprise-micro-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "reprise", path: "../..")
    ],
    targets: [
        .executableTarget(
            name: "Micro",
            dependencies: [
                .product(name: "RepriseCore", package: "reprise"),
                .product(name: "RepriseCrypto", package: "reprise"),
            ],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .treatAllWarnings(as: .error),
            ])
    ]
)
