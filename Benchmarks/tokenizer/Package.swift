// swift-tools-version: 6.2
import PackageDescription

// Build with EBB_PURE=1, which leaves out every dependency of the house above.
let package = Package(
    name: "tokenizer-bench",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "ebb", path: "../..")],
    targets: [
        .executableTarget(
            name: "tokenizer-bench", dependencies: [.product(name: "EbbRooms", package: "ebb")])
    ]
)
