/// Columns for people: a head line, then rows; columns grow with their content and never shrink.
///
/// Rows may be given page by page, so that a long list is never held as a whole.
struct TextTable {
    struct Column {
        let title: String
        /// Numbers stand on the right.
        var isNumber = false
    }

    private let columns: [Column]
    private var widths: [Int]
    private var hasHead = false

    /// - Parameter columns: titles; one that begins with `#` is a column of numbers.
    init(_ titles: [String]) {
        self.columns = titles.map {
            $0.hasPrefix("#") ? Column(title: String($0.dropFirst()), isNumber: true) : Column(title: $0)
        }
        self.widths = self.columns.map(\.title.count)
    }

    /// The lines of these rows; the first page begins with the head.
    mutating func lines(_ rows: [[String]]) -> [String] {
        let rows = rows.map { row in row.map { Self.printable($0) } }
        for row in rows {
            for (index, cell) in row.enumerated() { self.widths[index] = max(self.widths[index], cell.count) }
        }
        var lines: [String] = []
        if !self.hasHead { lines.append(self.line(self.columns.map(\.title))) }
        self.hasHead = true
        lines += rows.map { self.line($0) }
        return lines
    }

    private func line(_ cells: [String]) -> String {
        var text = ""
        for (index, cell) in cells.enumerated() {
            let padding = String(repeating: " ", count: self.widths[index] - cell.count)
            if index > 0 { text += "  " }
            text += self.columns[index].isNumber ? padding + cell : cell + padding
        }
        while text.last == " " { text.removeLast() }
        return text
    }

    mutating func print(_ rows: [[String]]) throws(ServerFailure) {
        try StandardOutput.lines(self.lines(rows).map { Array($0.utf8) })
    }

    /// Names come from others: what would steer a terminal is shown as `?`.
    static func printable(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            result.append(isControl ? "?" : scalar)
        }
        return String(result)
    }
}

/// Facts about one thing, a line each: `name  value`.
enum FactList {
    static func print(_ facts: [(name: String, value: String?)]) throws(ServerFailure) {
        let shown = facts.filter { $0.value != nil }
        let width = shown.map(\.name.count).max() ?? 0
        for (name, value) in shown {
            let padding = String(repeating: " ", count: width - name.count + 2)
            try StandardOutput.line(name + padding + TextTable.printable(value ?? ""))
        }
    }
}
