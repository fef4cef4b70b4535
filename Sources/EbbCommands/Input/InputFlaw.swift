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
