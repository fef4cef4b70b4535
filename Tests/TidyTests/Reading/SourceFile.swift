import Testing

/// One file of text and, when it is Swift, its code alone.
struct SourceFile: Sendable {
    /// From the root of the repository.
    let path: String
    let text: String
    let lines: [Substring]
    /// For Swift the code alone, line by line; else the text's lines.
    let codeLines: [Substring]
    let code: String

    init(path: String, text: String) {
        self.path = path
        self.text = text
        self.code = path.hasSuffix(".swift") ? SwiftCode.only(of: text) : text
        self.lines = Self.lines(of: text)
        self.codeLines = Self.lines(of: self.code)
    }

    private static func lines(of text: String) -> [Substring] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    var folders: [Substring] { self.path.split(separator: "/").dropLast() }
    var name: String { String(self.path.split(separator: "/").last ?? "") }

    /// Tables and generated code are exempt from limits of size.
    var isExemptFromSize: Bool { self.folders.contains("Tables") || self.folders.contains("Generated") }

    var isTest: Bool { self.path.hasPrefix("Tests/") }
    /// Rooms and the gateway: no clock, no randomness, no tasks of their own.
    var isBelowAdapters: Bool { self.path.hasPrefix("Sources/Domain/") || self.path.hasPrefix("Sources/Gateway/") }
    var isEdge: Bool { self.path.hasPrefix("Sources/Adapters/") || self.path.hasPrefix("Sources/EbbCommands/") }

    /// The line number, from 1, of an offset into `code` in UTF-8 bytes.
    func line(ofCodeOffset offset: Int) -> Int {
        1 + self.code.utf8.prefix(offset).count { $0 == UInt8(ascii: "\n") }
    }
}

/// A broken rule: where, what, and what to do instead.
struct Violation: Equatable, CustomStringConvertible {
    var path: String
    var line: Int
    var message: String

    var description: String { "\(self.path):\(self.line): \(self.message)" }
}

extension Violation {
    /// Fails the running test once for each violation.
    static func report(_ violations: [Violation]) {
        for violation in violations { Issue.record("\(violation)") }
    }
}
