import Testing

@Suite("Files, functions and lines fit the eye")
struct SizeTests {
    static let fileLinesMax = 400
    static let functionLinesMax = 70
    static let lineCharactersMax = 120

    /// Code that people write by hand: Swift and Python, and scripts without an ending.
    static var code: [SourceFile] {
        RepositoryTree.shared.files.filter { file in
            let isScript = file.path.hasPrefix("Scripts/") && !file.name.contains(".")
            return file.path.hasSuffix(".swift") || file.path.hasSuffix(".py") || isScript
        }
    }

    @Test("no file is longer than 400 lines, tables and generated code apart")
    func files() {
        Violation.report(
            Self.code.filter { !$0.isExemptFromSize && $0.lines.count > Self.fileLinesMax }.map {
                Violation(
                    path: $0.path, line: Self.fileLinesMax + 1,
                    message: "\($0.lines.count) lines, at most \(Self.fileLinesMax): move the second concept out.")
            })
    }

    @Test("no function is longer than 70 lines")
    func functions() {
        Violation.report(
            RepositoryTree.shared.swift.filter { !$0.isExemptFromSize }.flatMap { file in
                FunctionLength.all(in: file.code).filter { $0.lines > Self.functionLinesMax }.map {
                    Violation(
                        path: file.path, line: $0.line,
                        message: "\($0.name) has \($0.lines) lines, at most \(Self.functionLinesMax): split it by step."
                    )
                }
            })
    }

    @Test("no line of code is longer than 120 characters, data in the strings of tests apart")
    func lines() {
        Violation.report(
            Self.code.filter { !$0.isExemptFromSize }.flatMap { file in
                file.lines.enumerated().filter {
                    $0.element.count > Self.lineCharactersMax && !Self.isTestData(file, at: $0.offset)
                }.map {
                    Violation(
                        path: file.path, line: $0.offset + 1,
                        message: "\($0.element.count) characters, at most \(Self.lineCharactersMax): break the line.")
                }
            })
    }

    /// A line of a test that holds a long string: a body as an engine or client sends it, which reads best unbroken.
    private static func isTestData(_ file: SourceFile, at index: Int) -> Bool {
        guard file.isTest, file.path.hasSuffix(".swift") else { return false }
        let blank = file.codeLines[index].split { $0 != " " }.map(\.count).max() ?? 0
        return blank >= 40 && !file.lines[index].contains("// ")
    }
}
