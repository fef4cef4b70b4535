import Testing

@Suite("The repository holds what belongs to it, and all that it refers to")
struct RepositoryTests {
    let tree = RepositoryTree.shared

    /// Written in two parts, so that this file does not hold them.
    static let promises = ["FIX" + "ME", "TO" + "DO", "X" + "XX"]
    static let machinePlaces = ["/wo" + "rk/", "/fa" + "rm", "/tmp/e" + "bb/"]

    @Test("no promise to do it later")
    func promises() {
        Violation.report(self.tree.files.flatMap { Self.lines(of: $0, holdingWord: Self.promises) })
    }

    @Test("no path of the machine that it was written on")
    func machines() {
        Violation.report(
            self.tree.files.flatMap { file in
                file.lines.enumerated().compactMap { index, line in
                    Self.machinePlaces.first { Self.isPlace($0, in: line) }.map {
                        Violation(path: file.path, line: index + 1, message: "\($0) is a place of one machine only.")
                    }
                }
            })
    }

    /// A path that starts there, not the middle of another one.
    private static func isPlace(_ place: String, in line: Substring) -> Bool {
        line.ranges(of: place).contains { range in
            guard range.lowerBound > line.startIndex else { return true }
            let before = line[line.index(before: range.lowerBound)]
            return !(before.isLetter || before.isNumber || "_-.}".contains(before))
        }
    }

    private static func lines(of file: SourceFile, holdingWord words: [String]) -> [Violation] {
        file.lines.enumerated().compactMap { index, line in
            let tokens = line.split { !$0.isLetter && !$0.isNumber }
            return words.first { word in tokens.contains { $0 == word } }.map {
                Violation(path: file.path, line: index + 1, message: "\($0): do it now or leave it out.")
            }
        }
    }

    @Test("nothing built, fetched or resolved is recorded", .enabled(if: RepositoryTree.shared.trackedPaths != nil))
    func tracked() {
        let endings = [".tiktoken", ".gguf", ".pyc", "Package.resolved", ".sqlite", ".o"]
        Violation.report(
            (self.tree.trackedPaths ?? []).compactMap { path in
                let isBuilt = path.split(separator: "/").contains { $0.hasPrefix(".build") || $0 == ".cache" }
                guard isBuilt || endings.contains(where: path.hasSuffix) else { return nil }
                return Violation(path: path, line: 1, message: "git rm --cached it; .gitignore leaves it out.")
            })
    }

    @Test("every link of a page leads to a file and a heading that exist")
    func links() {
        let pages = self.tree.files.filter { $0.path.hasSuffix(".md") }
        #expect(pages.count > 2)
        Violation.report(pages.flatMap { MarkdownLinks.violations(in: $0, tree: self.tree) })
    }

    @Test("links are found outside code, and headings make anchors")
    func readsPages() {
        let page = """
            # The *way* of a request: up & down
            See [one](a.md), `[two](b.md)`, [three](https://example.org) and [four](../c.md#d-e "title").
            ```
            [five](e.md)
            ```
            ## Twice
            ## Twice
            """
        #expect(MarkdownLinks.local(in: page).map(\.target) == ["a.md", "../c.md#d-e"])
        #expect(
            MarkdownLinks.anchors(in: page) == ["the-way-of-a-request-up--down", "twice", "twice-1"])
    }

    @Test("a path of one machine is found, the middle of another path is not")
    func readsPlaces() {
        let place = Self.machinePlaces[0]
        #expect(Self.isPlace(place, in: "cd \(place)x"))
        #expect(!Self.isPlace(place, in: "cd home\(place)x"))
    }
}
