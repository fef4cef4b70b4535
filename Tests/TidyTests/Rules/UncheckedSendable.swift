/// What switches off the compiler's check for data races: only at the edge, and only with a reason above it.
enum UncheckedSendable {
    private static let marks = ["@unchecked Sendable", "nonisolated(unsafe)"]

    static func violations(in file: SourceFile) -> [Violation] {
        var found: [Violation] = []
        for (index, line) in file.codeLines.enumerated() {
            for mark in Self.marks where line.contains(mark) {
                if !file.isEdge {
                    found.append(
                        Violation(
                            path: file.path, line: index + 1,
                            message: "\(mark) is for adapters and commands only: use a Mutex or a value."))
                } else if !Self.hasReason(file, at: index) {
                    found.append(
                        Violation(
                            path: file.path, line: index + 1,
                            message: "\(mark) needs a comment above that says why it is safe (which thread or lock)."))
                }
            }
        }
        return found
    }

    /// The comment directly above the declaration speaks of the mark or of threads; the declaration may begin a few
    /// lines earlier.
    private static func hasReason(_ file: SourceFile, at line: Int) -> Bool {
        var index = line - 1
        while index >= 0, !file.codeLines[index].allSatisfy({ $0 == " " }), line - index < 6 { index -= 1 }
        var reason = ""
        while index >= 0 {
            let text = file.lines[index].drop { $0 == " " }
            guard text.hasPrefix("//") else { break }
            reason += text
            index -= 1
        }
        return ["Sendable", "nchecked", "nonisolated(unsafe)", "thread"].contains { reason.contains($0) }
    }
}
