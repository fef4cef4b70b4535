import Testing

@Suite("Names say what a thing is")
struct NameTests {
    @Test("no file, folder or type is named by age or by nothing")
    func tree() {
        Violation.report(RepositoryTree.shared.files.flatMap { NameRule.violations(in: $0) })
    }

    @Test(
        "a name that says nothing is found",
        arguments: [
            ("StringUtils", true), ("KeyManager", true), ("CommonTypes", true), ("NewParser", true), ("ParserV2", true),
            ("HTTPHelpers", true), ("Newline", false), ("CommonsShare", false), ("Migration0002", false),
            ("PriceBook", false), ("RenewKey", false), ("IPv6Address", false), ("Endpoint", false),
        ])
    func finds(name: String, isBanned: Bool) {
        #expect((NameRule.advice(for: name) != nil) == isBanned)
    }

    @Test("a type's name is found where it is declared, not where it is used")
    func declarations() {
        let file = SourceFile(path: "Sources/Gateway/A.swift", text: "let a = FileManager()\nstruct RowManager {}\n")
        #expect(NameRule.violations(in: file).map(\.line) == [2])
    }
}
