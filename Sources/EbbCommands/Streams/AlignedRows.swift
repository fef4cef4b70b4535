/// Columns of text under each other, for terminals.
package struct AlignedRows {
    package enum Alignment: Sendable {
        case left, right
    }

    private let alignments: [Alignment]
    private var rows: [[String]] = []

    package init(_ alignments: [Alignment]) { self.alignments = alignments }

    /// Adds a row; cells that are left out are empty.
    package mutating func add(_ cells: [String]) {
        precondition(cells.count <= self.alignments.count, "a row has no more cells than the table has columns")
        self.rows.append(cells + Array(repeating: "", count: self.alignments.count - cells.count))
    }

    /// The rows with two spaces between columns, each behind `indent`.
    package func render(indent: String = "") -> String {
        var widths = [Int](repeating: 0, count: self.alignments.count)
        for row in self.rows {
            for (column, cell) in row.enumerated() { widths[column] = max(widths[column], cell.count) }
        }
        var text = ""
        for row in self.rows {
            var line = ""
            for (column, cell) in row.enumerated() where widths[column] > 0 {
                let pad = String(repeating: " ", count: widths[column] - cell.count)
                if !line.isEmpty { line += "  " }
                line += self.alignments[column] == .left ? cell + pad : pad + cell
            }
            while line.hasSuffix(" ") { line.removeLast() }
            text += indent + line + "\n"
        }
        return text
    }
}
