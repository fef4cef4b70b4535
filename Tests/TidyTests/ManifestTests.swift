import Testing

@Suite("Manifest, tree and ARCHITECTURE.md agree")
struct ManifestTests {
    let tree = RepositoryTree.shared

    @Test("every Swift file belongs to a target")
    func noDeadFile() {
        let packages = self.tree.paths.filter { $0.hasSuffix("/Package.swift") }.map {
            $0.dropLast("Package.swift".count)
        }
        Violation.report(
            self.tree.swift.compactMap { file in
                if file.path == "Package.swift" || ImportTests.manifest.target(of: file.path) != nil { return nil }
                if packages.contains(where: { file.path.hasPrefix($0) }) { return nil }
                return Violation(path: file.path, line: 1, message: "no target of Package.swift holds this file.")
            })
    }

    @Test("every target has files")
    func noEmptyTarget() {
        #expect(ImportTests.manifest.targets.count > 10)
        for target in ImportTests.manifest.targets {
            let hasFiles = self.tree.swift.contains { $0.path.hasPrefix(target.folder + "/") }
            #expect(hasFiles, "Package.swift:1: the target \(target.name) has no file in \(target.folder)")
        }
    }

    @Test("docs/ARCHITECTURE.md has a row for every target and for no other")
    func described() {
        let page = self.tree.files.first { $0.path == "docs/ARCHITECTURE.md" }
        var described: [String: (line: Int, words: Int)] = [:]
        for (index, line) in (page?.lines ?? []).enumerated() {
            guard let row = line.firstMatch(of: #/^\| `(\w+)` \| (?:L\d|side|tests) \|(.*)$/#) else { continue }
            described[String(row.1)] = (index + 1, row.2.split(separator: " ").count)
        }
        let names = Set(ImportTests.manifest.targets.map(\.name))
        for name in names.sorted() {
            let words = described[name]?.words ?? 0
            if words < 6 {
                Issue.record(
                    "docs/ARCHITECTURE.md:1: describe the target \(name): '| `\(name)` | L3 | what …'.")
            }
        }
        for (name, row) in described where !names.contains(name) {
            Issue.record("docs/ARCHITECTURE.md:\(row.line): Package.swift has no target \(name).")
        }
    }

    @Test("the manifest's forms are read")
    func reads() {
        let manifest = Manifest(
            text: """
                let rooms = ["Pricing", "Ledger"]
                let quantities = room("Quantities", [])
                tests("Tests", "TidyTests", [])
                adapter("EngineHTTP", nio)
                adapter(
                    "HTTPAPI",
                    nio)
                .target(name: "Gateway", dependencies: [])
                .executableTarget(name: "ebb", dependencies: ["EbbCommands"])
                """)
        #expect(
            manifest.targets.map(\.folder) == [
                "Sources/Adapters/EngineHTTP", "Sources/Adapters/HTTPAPI", "Sources/Domain/Ledger",
                "Sources/Domain/Pricing", "Sources/Domain/Quantities", "Sources/Gateway", "Sources/ebb",
                "Tests/Domain/LedgerTests", "Tests/Domain/PricingTests", "Tests/TidyTests",
            ])
        #expect(manifest.rooms == ["Pricing", "Ledger", "Quantities"])
        #expect(manifest.target(of: "Sources/Gateway/Ports/Clock.swift")?.name == "Gateway")
        #expect(manifest.target(of: "Sources/GatewayTesting/A.swift") == nil)
    }
}
