/// Something wrong in an input file, with its place.
package struct InputFlaw: Error, Hashable, Sendable, CustomStringConvertible {
    /// From 1; of a CSV record, the line on which it begins.
    package let line: Int
    /// The field or column, or nil when the whole line is meant.
    package let field: String?
    package let message: String

    package init(line: Int, field: String? = nil, _ message: String) {
        self.line = line
        self.field = field
        self.message = message
    }

    package var description: String {
        if let field { return "line \(self.line), field '\(field)': \(self.message)" }
        return "line \(self.line): \(self.message)"
    }
}

extension [InputFlaw] {
    /// One line for each, in their order; what several lines have in common is said once.
    package var sentences: [String] {
        var order: [InputFlaw] = []
        var lines: [InputFlaw: Set<Int>] = [:]
        for flaw in self {
            let what = InputFlaw(line: 0, field: flaw.field, flaw.message)
            if lines[what] == nil { order.append(flaw) }
            lines[what, default: []].insert(flaw.line)
        }
        return order.map { flaw in
            let others = (lines[InputFlaw(line: 0, field: flaw.field, flaw.message)]?.count ?? 1) - 1
            if others == 0 { return flaw.description }
            return flaw.description + " (and so for \(others) more \(others == 1 ? "line" : "lines"))"
        }
    }
}
