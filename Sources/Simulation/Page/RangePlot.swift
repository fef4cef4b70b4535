/// Rows of median, p90 and p99 on one axis of time, grouped by tier.
struct RangePlot {
    struct Row {
        let tier: String
        let name: String
        let colour: Int
        let times: RunFigures.Times
    }

    private static let width = 1_000.0
    private static let left = 300.0
    private static let right = 210.0
    private static let rowHeight = 24.0

    let rows: [Row]
    let title: String

    /// nil without rows.
    var svg: String? {
        guard !self.rows.isEmpty else { return nil }
        let scale = PlotScale.times(self.rows.flatMap { [$0.times.p50, $0.times.p99] })
        func x(_ time: Int64) -> Double {
            Self.left + scale.place(Double(time)) * (Self.width - Self.left - Self.right)
        }
        let floor = Double(self.rows.count) * Self.rowHeight + 8
        let box = "0 0 \(Int(Self.width)) \(Int(floor + 30))"
        var text = "<div class=\"wide\"><svg viewBox=\"\(box)\" role=\"img\" aria-label=\""
        text += "\(HTML.escaped(self.title))\">\n"
        for tick in scale.ticks {
            let place = x(Int64(tick.value))
            text += Plot.line("grid", from: (place, 4), to: (place, floor))
            text += Plot.words(tick.text, at: (place, floor + 18), anchor: "middle")
        }
        for (index, row) in self.rows.enumerated() {
            let y = Double(index) * Self.rowHeight + 16
            let isFirst = index == 0 || self.rows[index - 1].tier != row.tier
            if isFirst, index > 0 {
                let line = y - Self.rowHeight / 2
                text += Plot.line("grid", from: (0, line), to: (Self.width, line))
            }
            if isFirst { text += Plot.words(row.tier, at: (0, y + 4), anchor: "start", name: "t k") }
            text += Plot.words(row.name, at: (Self.left - 14, y + 4), anchor: "end")
            text += Self.range(row, y: y, x: x)
            let figures = [row.times.p50, row.times.p90, row.times.p99].map(FigureText.time).joined(separator: " · ")
            text += Plot.words(figures, at: (Self.width, y + 4), anchor: "end", name: "t k")
        }
        return text + "</svg></div>\n"
    }

    private static func range(_ row: Row, y: Double, x: (Int64) -> Double) -> String {
        let name = "r c\(row.colour)"
        let end = x(row.times.p99)
        let text =
            Plot.line(name, from: (x(row.times.p50), y), to: (end, y))
            + Plot.line(name, from: (end, y - 5), to: (end, y + 5))
        func circle(_ kind: String, _ time: Int64, _ radius: Int) -> String {
            let place = "cx=\"\(Plot.number(x(time)))\" cy=\"\(Plot.number(y))\""
            return "<circle class=\"\(kind) c\(row.colour)\" \(place) r=\"\(radius)\"/>\n"
        }
        return text + circle("o", row.times.p90, 5) + circle("d", row.times.p50, 4)
    }
}
