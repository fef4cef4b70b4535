/// Which target may import what; the floors of docs/ARCHITECTURE.md as data.
struct ImportTable {
    let manifest: Manifest

    /// Modules of the system's C library, alike on every platform.
    static let system: Set<String> = ["Glibc", "Musl", "Darwin"]
    private static let nio: Set<String> = ["NIOCore", "NIOPosix", "NIOHTTP1"]

    /// What an adapter may import besides the gateway, the rooms, `Logging` and `Synchronization`.
    static let adapters: [String: Set<String>] = [
        "HTTPAPI": Self.nio.union([
            "Crypto", "Hummingbird", "HummingbirdCore", "HTTPTypes", "NIOHTTPTypes", "NIOHTTPTypesHTTP1",
            "ServiceLifecycle", "Foundation",
        ]),
        "EngineHTTP": Self.nio.union(["NIOTLS", "NIOSSL", "Glibc"]),
        "StoreSQLite": Self.system.union(["GRDB", "GRDBSQLite", "Dispatch", "Foundation"]),
        "BlobDisk": Self.system,
        "Telemetry": Self.system,
        "EngineSimulator": Self.nio.union(Self.system).union(["Simulation"]),
        "ConfigurationYAML": Self.system.union(["Yams"]),
    ]

    /// One file may do what its floor may not, for the reason beside it.
    static let exceptions: [String: Set<String>] = [
        // Kills the process on purpose, in debug builds only.
        "Sources/Gateway/Failpoint.swift": ["Glibc"]
    ]

    /// The modules that a target may import; nil: no limit; a missing adapter may import nothing but the floors below.
    func allowed(_ target: Manifest.Target) -> Set<String>? {
        let rooms = Set(self.manifest.rooms)
        let gateway = rooms.union(["Gateway", "Logging", "Synchronization"])
        switch target.name {
        case "Quantities": return []
        case "Gateway": return rooms.union(["Logging", "ServiceLifecycle", "Synchronization"])
        case "Simulation": return rooms
        case "GatewayTesting": return gateway.union(["Testing", "Dispatch"])
        case "PricingTesting": return ["Quantities", "Pricing"]
        case "SchedulingTesting": return ["Foundation"]
        case "EbbCommands": return nil
        case "ebb": return ["EbbCommands", "ArgumentParser"]
        default: break
        }
        if target.folder.hasPrefix("Sources/Domain/") { return ["Quantities", "Synchronization"] }
        if target.folder.hasPrefix("Tests/Domain/") {
            return Self.system.union([
                "Quantities", "Synchronization", "Testing", "Foundation", String(target.name.dropLast("Tests".count)),
                target.name.dropLast("Tests".count) + "Testing",
            ])
        }
        if target.isTest { return nil }
        return gateway.union(Self.adapters[target.name] ?? [])
    }

    func violations(in file: SourceFile) -> [Violation] {
        guard let target = self.manifest.target(of: file.path), let allowed = self.allowed(target) else { return [] }
        let all = allowed.union(Self.exceptions[file.path] ?? [])
        return Self.imports(in: file).filter { !all.contains($0.module) }.map {
            Violation(
                path: file.path, line: $0.line,
                message: "\(target.name) may not import \($0.module); it may import "
                    + (all.isEmpty ? "nothing" : all.sorted().joined(separator: ", "))
                    + ". Move the shared value a floor down, or put a port between them.")
        }
    }

    static func imports(in file: SourceFile) -> [(module: String, line: Int)] {
        let form = #/^(?:@\w+(?:\([^)]*\))?\s+)*(?:\w+\s+)?import\s+(?:[a-z]+\s+)?(\w+)/#
        return file.codeLines.enumerated().compactMap { index, line in
            let start = line.drop { $0 == " " }
            guard line.contains("import"), let match = start.firstMatch(of: form) else { return nil }
            return (String(match.1), index + 1)
        }
    }
}
