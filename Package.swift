// swift-tools-version: 6.2
import PackageDescription

// The manifest is a table: each floor of the house (docs/ARCHITECTURE.md) is a list of targets, arrows point down.
// EBB_PURE=1 leaves out every dependency, adapter and command, so that the pure rooms build and test in seconds.
let pureOnly = Context.environment["EBB_PURE"] != nil

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
    // Failpoints (crash tests) exist in debug builds only.
    .define("EBB_FAILPOINTS", .when(configuration: .debug)),
]

func room(_ name: String, _ dependencies: [Target.Dependency] = ["Quantities"]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/Domain/\(name)", swiftSettings: strict)
}

func tests(_ path: String, _ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: "\(path)/\(name)", swiftSettings: strict)
}

let quantities = room("Quantities", [])
let rooms = ["OpenAIWire", "Tokenizing", "Pricing", "Ledger", "Batching", "Routing", "Scheduling"]
let allRooms: [Target.Dependency] = ["Quantities"] + rooms.map { .byName(name: $0) }

var targets: [Target] = [quantities, tests("Tests/Domain", "QuantitiesTests", ["Quantities"])]
targets += rooms.map { room($0) }
targets += rooms.map {
    let more: [Target.Dependency] = ["Pricing", "Scheduling"].contains($0) ? [.byName(name: "\($0)Testing")] : []
    return tests("Tests/Domain", "\($0)Tests", ["Quantities", .byName(name: $0)] + more)
}
targets += [
    .target(name: "PricingTesting", dependencies: ["Quantities", "Pricing"], swiftSettings: strict),
    .target(name: "SchedulingTesting", swiftSettings: strict),
    .target(name: "Simulation", dependencies: allRooms, swiftSettings: strict),
    tests("Tests", "SimulationTests", allRooms + ["Simulation", "SchedulingTesting"]),
    tests("Tests", "TidyTests", []),
]

var dependencies: [Package.Dependency] = []
// The benchmark packages reach the pure rooms through this product.
var products: [Product] = [.library(name: "EbbRooms", targets: ["Quantities", "Simulation"] + rooms)]

if !pureOnly {
    dependencies = [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.34.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ]
    products.append(.executable(name: "ebb", targets: ["ebb"]))

    let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
    let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
    let nio: [Target.Dependency] = [
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
    ]
    let gateway: [Target.Dependency] = allRooms + ["Gateway", log]

    func adapter(_ name: String, _ extra: [Target.Dependency]) -> Target {
        .target(name: name, dependencies: gateway + extra, path: "Sources/Adapters/\(name)", swiftSettings: strict)
    }

    targets += [
        .target(name: "Gateway", dependencies: allRooms + [log, lifecycle], swiftSettings: strict),
        .target(name: "GatewayTesting", dependencies: gateway, swiftSettings: strict),
        adapter(
            "HTTPAPI",
            nio + [
                crypto, lifecycle,
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
            ]),
        adapter(
            "EngineHTTP",
            nio + [.product(name: "NIOTLS", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl")]),
        adapter(
            "StoreSQLite",
            [
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),
        adapter("BlobDisk", []),
        adapter("Telemetry", []),
        adapter("EngineSimulator", nio + ["Simulation"]),
        adapter("ConfigurationYAML", [.product(name: "Yams", package: "Yams")]),
        .target(
            name: "EbbCommands",
            dependencies: gateway + [
                "HTTPAPI", "EngineHTTP", "StoreSQLite", "BlobDisk", "Telemetry", "EngineSimulator", "ConfigurationYAML",
                .product(name: "ArgumentParser", package: "swift-argument-parser"), lifecycle, crypto,
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ] + nio,
            resources: [.embedInCode("Resources/prices.yaml")],
            swiftSettings: strict),
        .executableTarget(
            name: "ebb",
            dependencies: ["EbbCommands", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: strict),
        tests("Tests", "GatewayTests", gateway + ["GatewayTesting"]),
        tests(
            "Tests", "StoreConformanceTests",
            gateway + ["GatewayTesting", "StoreSQLite", .product(name: "GRDB", package: "GRDB.swift")]),
        tests("Tests", "BlobDiskTests", gateway + ["GatewayTesting", "BlobDisk"]),
        tests("Tests", "EngineSimulatorTests", gateway + ["EngineSimulator", "Simulation"] + nio),
        tests("Tests", "EngineHTTPTests", gateway + ["EngineHTTP", "EngineSimulator"] + nio),
        tests(
            "Tests", "HTTPAPITests",
            gateway + ["HTTPAPI", "GatewayTesting"] + nio + [.product(name: "NIOEmbedded", package: "swift-nio")]),
        tests("Tests", "ConfigurationYAMLTests", gateway + ["ConfigurationYAML", "PricingTesting"]),
        tests("Tests", "TelemetryTests", gateway + ["GatewayTesting", "Telemetry"]),
        tests("Tests", "EbbCommandsTests", gateway + ["EbbCommands"]),
    ]
}

let package = Package(
    name: "ebb",
    platforms: [.macOS(.v15)],
    products: products,
    dependencies: dependencies,
    targets: targets
)
