import Testing

@Suite("Arrows between targets point down")
struct ImportTests {
    static let manifest = Manifest(
        text: RepositoryTree.shared.files.first { $0.path == "Package.swift" }?.text ?? "")

    @Test("every file imports only what its floor may import")
    func floors() {
        let table = ImportTable(manifest: Self.manifest)
        Violation.report(RepositoryTree.shared.swift.flatMap { table.violations(in: $0) })
    }

    @Test("every adapter has a row in the import table")
    func adapterRows() {
        let adapters = Self.manifest.targets.filter { $0.folder.hasPrefix("Sources/Adapters/") }
        #expect(!adapters.isEmpty)
        for adapter in adapters where ImportTable.adapters[adapter.name] == nil {
            Issue.record("Tests/TidyTests/Rules/ImportTable.swift:1: add a row for the adapter \(adapter.name).")
        }
        for name in ImportTable.adapters.keys where !adapters.contains(where: { $0.name == name }) {
            Issue.record("Tests/TidyTests/Rules/ImportTable.swift:1: no target is named \(name); drop its row.")
        }
    }

    @Test(
        "an arrow to the side or up is found",
        arguments: [
            ("Sources/Domain/Quantities/A.swift", "import Foundation", true),
            ("Sources/Domain/Quantities/A.swift", "// import Foundation", false),
            ("Sources/Domain/Pricing/A.swift", "public import Quantities", false),
            ("Sources/Domain/Pricing/A.swift", "package import Ledger", true),
            ("Sources/Domain/Pricing/A.swift", "import struct Foundation.Date", true),
            ("Sources/Gateway/A.swift", "import NIOCore", true),
            ("Sources/Gateway/A.swift", "import Glibc", true),
            ("Sources/Gateway/Failpoint.swift", "    import Glibc", false),
            ("Sources/Gateway/A.swift", "import Pricing", false),
            ("Sources/Adapters/HTTPAPI/A.swift", "@preconcurrency import NIOCore", false),
            ("Sources/Adapters/HTTPAPI/A.swift", "import StoreSQLite", true),
            ("Sources/Adapters/Telemetry/A.swift", "import GRDB", true),
            ("Sources/EbbCommands/A.swift", "import StoreSQLite", false),
            ("Tests/Domain/PricingTests/A.swift", "import Ledger", true),
            ("Sources/ebb/main.swift", "import Gateway", true),
        ])
    func findsWrongArrows(path: String, code: String, isWrong: Bool) {
        let file = SourceFile(path: path, text: code + "\n")
        #expect(ImportTable(manifest: Self.manifest).violations(in: file).isEmpty == !isWrong)
    }
}
